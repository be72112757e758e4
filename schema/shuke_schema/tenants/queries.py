"""Root fields of the staff API about stores."""

import strawberry

from shuke_core.access.permissions import STORES_READ
from shuke_core.tenants.queries import all_stores
from shuke_schema.orders.types import Store
from shuke_schema.parts import Audience
from shuke_schema.rights import asks


@strawberry.type
class StoresQuery:
    @strawberry.field(
        description="The active stores (门店), by code.",
        metadata=asks(Audience.STAFF, STORES_READ),
    )
    async def stores(self) -> list[Store]:
        return [Store(code=row.code, name=row.name) for row in await all_stores()]
