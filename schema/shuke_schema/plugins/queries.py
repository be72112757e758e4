"""Root fields of the staff API about plugins."""

import strawberry

from shuke_core.access.permissions import PLUGINS_READ
from shuke_schema.parts import Audience
from shuke_schema.plugins.types import Plugin, plugins_here
from shuke_schema.rights import asks


@strawberry.type
class PluginsQuery:
    @strawberry.field(
        description="The installed plugins, by key: on or off, settings, faults.",
        metadata=asks(Audience.STAFF, PLUGINS_READ),
    )
    async def plugins(self) -> list[Plugin]:
        return await plugins_here()
