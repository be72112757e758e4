"""GraphQL types of orders (订单)."""

from datetime import datetime

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.orders.queries import OrderState
from shuke_schema.rights import shows
from shuke_schema.scalars import Long

strawberry.enum(OrderState, description="Where an order stands.")


@shows(FieldClass.MONEY)
@strawberry.type(description="An amount of money.")
class Money:
    fen: Long = strawberry.field(description="In hundredths of the currency.")
    currency: str


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A store (门店).")
class Store:
    code: str
    name: str


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A purchase, from whichever channel.")
class Order:
    id: strawberry.ID
    no: str = strawberry.field(description="The number on the receipt.")
    state: OrderState
    store: Store
    paid_at: datetime
    total: Money
    refunded: Money
