"""GraphQL types of plugins."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass
from shuke_core.kit import clock
from shuke_core.plugin_host import Plugin as InstalledPlugin
from shuke_core.plugin_host import installed_plugins
from shuke_core.plugins.configuration import held_settings, settings_schema
from shuke_core.plugins.queries import FaultRow, SwitchRow, plugin_faults, plugin_switches
from shuke_schema.rights import shown_as, shows


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A plugin failed at a place: a hook, a reaction, a field.")
class PluginFault:
    place: str
    times: int
    reason: str = strawberry.field(
        description="The latest.", metadata=shown_as(FieldClass.SENSITIVE)
    )
    last_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A plugin that is installed.")
class Plugin:
    key: str
    label: str = strawberry.field(description="In English.")
    label_zh: str = strawberry.field(description="In Chinese.")
    version: str
    is_on: bool
    settings: JSON = strawberry.field(
        description="As they hold for this tenant.", metadata=shown_as(FieldClass.SENSITIVE)
    )
    settings_schema: JSON = strawberry.field(description="What can be set, as JSON Schema.")
    permissions: list[str] = strawberry.field(description="The permissions it brings.")
    faults: list[PluginFault] = strawberry.field(description="What went wrong in it here.")

    @classmethod
    def of(
        cls, plugin: InstalledPlugin, switch: SwitchRow | None, faults: Sequence[FaultRow]
    ) -> "Plugin":
        settings, problem = held_settings(plugin.key, switch.settings if switch else {})
        unfit = (
            []
            if problem is None
            else [PluginFault(place="settings", times=1, reason=problem, last_at=clock.now())]
        )
        return cls(
            key=plugin.key,
            label=plugin.label["en"],
            label_zh=plugin.label["zh"],
            version=plugin.version,
            is_on=switch is not None and switch.is_on,
            settings=JSON(settings),
            settings_schema=JSON(settings_schema(plugin.key)),
            permissions=[permission.key for permission in plugin.permissions],
            faults=unfit
            + [
                PluginFault(
                    place=fault.place, times=fault.times, reason=fault.reason, last_at=fault.last_at
                )
                for fault in faults
                if fault.key == plugin.key
            ],
        )


async def plugins_here() -> list[Plugin]:
    """Every installed plugin as it stands for the tenant, by key."""
    switches, faults = await plugin_switches(), await plugin_faults()
    return [Plugin.of(each, switches.get(each.key), faults) for each in installed_plugins()]
