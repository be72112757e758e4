"""Root fields that tell of orders as they come in and are refunded."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import ORDERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.live.topics import Item
from shuke_core.orders.live import ORDERS
from shuke_core.orders.queries import order_of_id
from shuke_schema.context import opaque
from shuke_schema.live.updates import Feed, Update, everybody, of_topic, own_key
from shuke_schema.orders.types import Order
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows


@strawberry.enum(description="What happened to an order.")
class OrderChangeKind(Enum):
    CREATED = strawberry.enum_value(
        "order.created", description="It was placed, and is to be paid for and handed out."
    )
    PAID = strawberry.enum_value("order.paid", description="It is paid for in full.")
    FULFILLED = strawberry.enum_value("order.fulfilled", description="It was handed out, or sent.")
    COMPLETED = strawberry.enum_value(
        "order.completed", description="It counts as a purchase; a till's does from the first."
    )
    CANCELLED = strawberry.enum_value("order.cancelled", description="It was given up.")
    CLAIMED = strawberry.enum_value(
        "order.claimed", description="It was nobody's, and is the member's from now on."
    )
    REFUNDED = strawberry.enum_value("order.refunded", description="Money of it was given back.")


_AT = {
    OrderChangeKind.CREATED: "placed_at",
    OrderChangeKind.PAID: "paid_at",
    OrderChangeKind.FULFILLED: "fulfilled_at",
    OrderChangeKind.CANCELLED: "cancelled_at",
    OrderChangeKind.COMPLETED: "placed_at",
    OrderChangeKind.CLAIMED: "claimed_at",
    OrderChangeKind.REFUNDED: "refunded_at",
}


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An order came in, or something happened to it.")
class OrderChange:
    order_id: strawberry.ID
    kind: OrderChangeKind
    at: datetime = strawberry.field(description="When, by the till; of a claim by ours.")
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The order as it is by now.")
    async def order(self) -> Order | None:
        return answered_by(order_of_id(self.row_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "OrderChange":
        facts, kind = item.facts, OrderChangeKind(item.type)
        at = facts[_AT[kind]]
        order_id = UUID(facts["order_id"])
        return cls(
            order_id=opaque(order_id),
            kind=kind,
            at=datetime.fromisoformat(at),
            row_id=order_id,
        )


async def order_changes(feed: Feed) -> AsyncGenerator[Update[OrderChange], None]:
    """The updates of a feed of orders."""
    async for told in feed:
        change = OrderChange.of(told.item) if told.item else None
        yield Update(cursor=told.cursor, gap=told.gap, change=change)


@strawberry.type
class OwnOrdersSubscription:
    @strawberry.subscription(
        description="Orders of the member, as they come in and go on.",
        metadata=asks(Audience.MEMBER, ONESELF) | of_topic(ORDERS, own_key),
    )
    async def orders_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[OrderChange], None]:
        async for update in order_changes(feed):
            yield update


@strawberry.type
class OrdersSubscription:
    @strawberry.subscription(
        description="Orders of all stores, as they come in and go on.",
        metadata=asks(Audience.STAFF, ORDERS_READ) | of_topic(ORDERS, everybody),
    )
    async def orders_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[OrderChange], None]:
        async for update in order_changes(feed):
            yield update
