"""GraphQL types of the catalogue (商品, 类目)."""

from datetime import datetime
from typing import Annotated

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.catalog.rules import ItemState as ItemState
from shuke_schema.rights import shows
from shuke_schema.scalars import Long

strawberry.enum(
    ItemState,
    description="Whether an item can be bought. What has been on offer is never a draft again; "
    "RETIRED: for good, no other state follows; kept for the orders that name it.",
)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A category (类目) of items; categories are a tree.")
class Category:
    id: strawberry.ID
    name: str
    place: int = strawberry.field(description="Its place among its siblings, upwards.")
    full_name: str = strawberry.field(description="With the names above it: 饮品 / 茶 / 绿茶.")
    parent: Annotated["Category", strawberry.lazy(".types")] | None
    children: list[Annotated["Category", strawberry.lazy(".types")]] = strawberry.field(
        description="Those right below it, in their order."
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that is sold (商品).")
class Item:
    id: strawberry.ID
    code: str = strawberry.field(description="What tills name it by, for ever.")
    name: str
    category: Category | None
    price_fen: Long = strawberry.field(description="In hundredths of the currency.")
    currency: str
    state: ItemState
    changed_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type
class ItemForStaff:
    version: int = strawberry.field(
        description="Counts the changes: `changeItem` takes the one you have read."
    )
    created_at: datetime
