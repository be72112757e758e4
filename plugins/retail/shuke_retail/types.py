"""GraphQL of retail: a member's purchases over all channels, and what an item is like."""

from datetime import datetime

import strawberry

from shuke_core.plugin_api import FieldClass
from shuke_retail import queries
from shuke_retail.permissions import PURCHASES_READ
from shuke_schema.graphql_api import Audience, Long, Part, needs, shown_as, shows


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What a member bought through one channel, after refunds.")
class RetailChannel:
    source: str = strawberry.field(description="The till, the mini-program, the web shop.")
    orders: int
    spent_fen: Long = strawberry.field(metadata=shown_as(FieldClass.MONEY))
    last_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member's purchases over till, mini-program and web shop (零售).")
class RetailMember:
    orders: int = strawberry.field(description="Purchases over all channels.")
    spent_fen: Long = strawberry.field(
        description="Spent over all channels, after refunds, in fen.",
        metadata=shown_as(FieldClass.MONEY),
    )
    channels: list[RetailChannel] = strawberry.field(
        description="Each channel, the one used last first."
    )


@strawberry.type
class RetailFields:
    retail: RetailMember | None = strawberry.field(
        description="Purchases over all channels as one shop sees them.",
        metadata=needs(PURCHASES_READ),
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What retail knows of an item besides (零售).")
class RetailItem:
    brand: str | None
    barcode: str | None
    spec: str | None = strawberry.field(description="As the shelf says it: 500ml, 12 in a box.")


@strawberry.type
class RetailItemFields:
    retail: RetailItem | None = strawberry.field(description="Brand, barcode, specification.")


parts = tuple(
    Part(
        owner="retail",
        audience=audience,
        adds={"Member": (RetailFields,), "Item": (RetailItemFields,)},
        projections=(queries.RetailFields, queries.RetailItemFields),
    )
    for audience in Audience
)
