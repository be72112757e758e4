"""Root fields of the staff API about integrations."""

import strawberry

from shuke_core.access.permissions import INTEGRATIONS_READ
from shuke_core.integrations.queries import all_integrations, integration_by_key
from shuke_schema.integrations.types import Integration
from shuke_schema.parts import Audience
from shuke_schema.rights import asks


@strawberry.type
class IntegrationsQuery:
    @strawberry.field(
        description="The integrations, by key.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_READ),
    )
    async def integrations(self) -> list[Integration]:
        return [Integration.of(row) for row in await all_integrations()]

    @strawberry.field(
        description="One integration; null for a key that is not there.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_READ),
    )
    async def integration(self, key: str) -> Integration | None:
        row = await integration_by_key(key)
        return Integration.of(row) if row else None
