"""Mutations of the staff API about plugins: switch and configure them for the tenant."""

from collections.abc import Awaitable, Callable
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import PLUGINS_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.plugin_host import configure_plugin, disable_plugin, enable_plugin
from shuke_core.plugins.errors import PluginSettingsInvalid
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.plugins.types import Plugin, plugins_here
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why a change of a plugin was refused.")
class PluginErrorCode(Enum):
    PLUGIN_UNKNOWN = "PLUGIN_UNKNOWN"
    PLUGIN_SETTINGS_INVALID = "PLUGIN_SETTINGS_INVALID"


@strawberry.type(description="Why a change of a plugin was refused.")
class PluginError(Failure[PluginErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class PluginPayload:
    plugin: Plugin | None = None
    errors: list[PluginError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    PluginError, PluginErrorCode, {"PLUGIN_UNKNOWN": "key", "PLUGIN_SETTINGS_INVALID": "settings"}
)


async def _changed(key: str, act: Callable[[], Awaitable[object]]) -> PluginPayload:
    _, errors = await _FAILURES.attempt(act)
    found = next((each for each in await plugins_here() if each.key == key), None)
    return PluginPayload(plugin=found, errors=errors)


@strawberry.type
class PluginsMutation:
    @strawberry.mutation(
        description="Switches a plugin on; its fields are there within a second.",
        metadata=asks(Audience.STAFF, PLUGINS_MANAGE),
    )
    async def enable_plugin(self, key: str) -> PluginPayload:
        return await _changed(key, lambda: enable_plugin(key))

    @strawberry.mutation(
        description="Switches a plugin off: fields, hooks and jobs are gone, its data stays.",
        metadata=asks(Audience.STAFF, PLUGINS_MANAGE),
    )
    async def disable_plugin(self, key: str) -> PluginPayload:
        return await _changed(key, lambda: disable_plugin(key))

    @strawberry.mutation(
        description="Replaces a plugin's settings; what is left out has its default.",
        metadata=asks(Audience.STAFF, PLUGINS_MANAGE),
    )
    async def configure_plugin(self, key: str, settings: JSON) -> PluginPayload:
        async def act() -> object:
            if not isinstance(settings, dict):
                raise PluginSettingsInvalid(key=key, problem="settings are a JSON object")
            return await configure_plugin(key, settings)

        return await _changed(key, act)
