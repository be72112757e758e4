"""GraphQL types of orders (订单)."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.orders.life import OrderContradiction, OrderState, OrderStepKind
from shuke_schema.rights import needs, shown_as, shows
from shuke_schema.scalars import Long

if TYPE_CHECKING:
    from shuke_schema.members.types import Member

strawberry.enum(OrderState, description="Where an order stands.")
strawberry.enum(OrderStepKind, description="What was told of an order.")
strawberry.enum(
    OrderContradiction,
    description="What was told of an order and can't all be true; the gravest is shown.",
)


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


@shows(FieldClass.MONEY)
@strawberry.type(description="What was taken off a line (优惠), by where it came from.")
class Discounts:
    promotion_fen: Long
    coupon_fen: Long
    points_fen: Long
    tier_fen: Long
    hand_fen: Long = strawberry.field(description="By the cashier.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="One line of an order, as it was when the order was recorded.")
class OrderLine:
    line: int = strawberry.field(description="Its number on the order, from 1.")
    sku: str | None
    name: str
    quantity: Decimal = strawberry.field(description="Up to three places: weighed goods.")
    amount_fen: Long = strawberry.field(
        description="What is paid for it, after discounts.", metadata=shown_as(FieldClass.MONEY)
    )
    discounts: Discounts
    refunded_fen: Long = strawberry.field(metadata=shown_as(FieldClass.MONEY))
    refunded_quantity: Decimal = strawberry.field(description="As far as refunds say how much.")
    category: str | None = strawberry.field(description="Its category's name at that time.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Money that came in for an order, as an outside system tells it.")
class OrderPayment:
    no: str
    amount_fen: Long = strawberry.field(metadata=shown_as(FieldClass.MONEY))
    method: str | None = strawberry.field(
        description="As told; `exchange`: with what was sent back of another order."
    )
    at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What of a refund is for which line.")
class RefundedLine:
    line: int
    amount_fen: Long = strawberry.field(metadata=shown_as(FieldClass.MONEY))
    quantity: Decimal | None


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Money of an order that was given back.")
class OrderRefund:
    no: str
    amount_fen: Long = strawberry.field(metadata=shown_as(FieldClass.MONEY))
    at: datetime
    exchanged_for: str | None = strawberry.field(
        description="The number of the order that it pays for; null: it is no exchange."
    )
    lines: list[RefundedLine] = strawberry.field(description="Empty where no goods were named.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An order or a purchase, from whichever channel.")
class Order:
    id: strawberry.ID
    no: str = strawberry.field(description="The number on the receipt.")
    channel: str = strawberry.field(
        description="Through which it was placed: `mini-program`, `counter`, or an integration."
    )
    state: OrderState
    store: Store
    paid_at: datetime = strawberry.field(
        deprecation_reason="It is when the order was placed: ask for `placedAt`."
    )
    placed_at: datetime
    fulfilled_at: datetime | None = strawberry.field(description="When it was handed out or sent.")
    completed_at: datetime | None = strawberry.field(
        description="There once it counts as a purchase: completed, and paid in full."
    )
    cancelled_at: datetime | None
    total: Money
    paid: Money
    refunded: Money
    lines: list[OrderLine]
    payments: list[OrderPayment] = strawberry.field(
        description="Oldest first; none of a purchase that a till told whole."
    )
    refunds: list[OrderRefund] = strawberry.field(description="Oldest first.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What was told of an order after it was placed; it never changes.")
class OrderStep:
    kind: OrderStepKind
    source: str = strawberry.field(description="Who told it.")
    no: str
    at: datetime
    recorded_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type
class OrderForStaff:
    version: int = strawberry.field(description="Grows by one for each thing that is told of it.")
    contradiction: OrderContradiction | None
    member: Annotated["Member", strawberry.lazy("shuke_schema.members.types")] | None = (
        strawberry.field(description="Null: nobody's.", metadata=needs(MEMBERS_READ))
    )
    steps: list[OrderStep] = strawberry.field(description="Oldest first.")
