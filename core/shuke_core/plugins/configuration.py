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


async def settings_of(key: str) -> PluginSettings:
    """A plugin's settings for the current tenant; what the tenant has not set has its default."""
    return _models.get(key, PluginSettings).model_validate(await stored_settings(key))
