"""Typed settings of plugins: what a tenant may set, checked by the plugin's own pydantic model."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from shuke_core.plugins.errors import PluginSettingsInvalid
from shuke_core.plugins.queries import stored_settings


class PluginSettings(BaseModel):
    """The base of a plugin's settings. Every field has a default; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_models: dict[str, type[PluginSettings]] = {}


def use_settings_model(key: str, model: type[PluginSettings] | None) -> None:
    """Tells of the settings of a plugin; None takes them away again."""
    if model is None:
        _models.pop(key, None)
    else:
        _models[key] = model


def checked_settings(key: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are kept; raises PluginSettingsInvalid naming every field at fault."""
    try:
        return _models.get(key, PluginSettings).model_validate(values).model_dump(mode="json")
    except ValidationError as refused:
        problem = "; ".join(
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in refused.errors()
        )
        raise PluginSettingsInvalid(key=key, problem=problem) from None


def settings_schema(key: str) -> dict[str, Any]:
    """What can be set for a plugin, as JSON Schema: a screen can be built from it."""
    return _models.get(key, PluginSettings).model_json_schema()


def held_settings(key: str, stored: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The settings as they hold: what the tenant has set, and defaults for the rest.

    A newer version of the plugin may not take what an older one has kept: then what is stored, and
    what is wrong with it.
    """
    try:
        return checked_settings(key, stored), None
    except PluginSettingsInvalid as refused:
        return stored, str(refused)


async def settings_of(key: str) -> PluginSettings:
    """A plugin's settings for the current tenant; what the tenant has not set has its default."""
    return _models.get(key, PluginSettings).model_validate(await stored_settings(key))
