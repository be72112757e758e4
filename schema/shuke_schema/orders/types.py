"""GraphQL types of orders (订单)."""

from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.kit.pagination import Keys
from shuke_core.orders.queries import OrderRow, orders_before
from shuke_schema.context import opaque
from shuke_schema.members.parent import MemberParent
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.scalars import Long


@strawberry.type(description="An amount of money.")
class Money:
    fen: Long = strawberry.field(description="In hundredths of the currency.")
    currency: str


@strawberry.type(description="A store (门店).")
class Store:
    code: str
    name: str


@strawberry.enum(description="Where an order stands.")
class OrderState(Enum):
    COMPLETED = "completed"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


@strawberry.type(description="A purchase, from whichever channel.")
class Order:
    id: strawberry.ID
    no: str = strawberry.field(description="The number on the receipt.")
    state: OrderState
    store: Store
    paid_at: datetime
    total: Money
    refunded: Money

    @classmethod
    def of(cls, row: OrderRow) -> "Order":
        return cls(
            id=opaque(row.id),
            no=row.external_no,
            state=OrderState(row.state),
            store=Store(code=row.store_code, name=row.store_name),
            paid_at=row.placed_at,
            total=Money(fen=Long(row.total_fen), currency=row.currency),
            refunded=Money(fen=Long(row.refunded_fen), currency=row.currency),
        )


async def orders_of(
    parent: MemberParent, first: int = 20, after: str | None = None
) -> Connection[Order]:
    """The member's orders, newest first."""

    async def read(before: Keys | None, limit: int) -> list[OrderRow]:
        return await orders_before(parent.member_id, before, limit)

    return await connection_of(
        "member.orders", first, after, read, lambda row: (row.placed_at, row.id), Order.of
    )
