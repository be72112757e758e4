"""Reads of orders: what the API shows of them, and where it comes from."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shuke_core.access.rights import FieldClass
from shuke_core.members.queries import Member
from shuke_core.orders.life import OrderContradiction, OrderState, OrderStepKind
from shuke_core.projection.declare import (
    ID,
    Long,
    Page,
    Projection,
    column,
    inline,
    many,
    one,
    pages,
    sql,
)
from shuke_core.projection.reads import Read
from shuke_core.tenants.queries import Store

_OFF = "coalesce((this.discounts ->> '{}')::int8, 0)"
_BACK = """
(select coalesce(sum(b.{}), 0){} from refund r
   join refund_line b on b.tenant_id = :tenant and b.refund_id = r.id
  where r.tenant_id = :tenant and r.order_id = this.order_id and r.state = 'applied'
    and b.line_no = this.line_no)
"""


class Money(Projection):
    """An amount; whoever shows one says where its fen are."""

    fen: Long = column("fen", see=FieldClass.MONEY)
    currency: str = column("currency", see=FieldClass.MONEY)


class Discounts(Projection):
    """What was taken off a line, by where it came from."""

    promotion_fen: Long = sql(_OFF.format("promotion"), see=FieldClass.MONEY)
    coupon_fen: Long = sql(_OFF.format("coupon"), see=FieldClass.MONEY)
    points_fen: Long = sql(_OFF.format("points"), see=FieldClass.MONEY)
    tier_fen: Long = sql(_OFF.format("tier"), see=FieldClass.MONEY)
    hand_fen: Long = sql(_OFF.format("hand"), see=FieldClass.MONEY)


class OrderLine(Projection, table="order_line"):
    """One line of an order; it keeps what the catalogue said of its item."""

    line: int = column("line_no")
    sku: str | None
    name: str
    quantity: Decimal
    amount_fen: Long = column("amount_fen", see=FieldClass.MONEY)
    discounts: Discounts = inline()
    refunded_fen: Long = sql(
        f"least(this.amount_fen, {_BACK.format('amount_fen', '::int8')})", see=FieldClass.MONEY
    )
    refunded_quantity: Decimal = sql(_BACK.format("quantity", "::numeric(12, 3)"))
    category: str | None = column("category_name")


class OrderPayment(Projection, table="order_step"):
    """Money that came in for an order."""

    no: str = column("external_no")
    amount_fen: Long = sql("coalesce(this.amount_fen, 0)", see=FieldClass.MONEY)
    method: str | None
    at: datetime = column("happened_at")


class RefundedLine(Projection, table="refund_line"):
    """What of a refund is for which line."""

    line: int = column("line_no")
    amount_fen: Long = column("amount_fen", see=FieldClass.MONEY)
    quantity: Decimal | None


class OrderRefund(Projection, table="refund"):
    """Money of an order that was given back."""

    no: str = column("external_no")
    amount_fen: Long = column("total_fen", see=FieldClass.MONEY)
    at: datetime = column("refunded_at")
    exchanged_for: str | None
    lines: list[RefundedLine] = many("this.refund_id = parent.id", order="this.line_no, this.id")


class Order(Projection, table="orders"):
    """A purchase, from whichever channel."""

    id: ID
    no: str = column("external_no")
    channel: str = column("source")
    state: OrderState
    store: Store = one("this.id = parent.store_id")
    paid_at: datetime = column("placed_at")
    placed_at: datetime
    fulfilled_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    total: Money = inline(fen="this.total_fen")
    paid: Money = inline(fen="this.paid_fen")
    refunded: Money = inline(fen="this.refunded_fen")
    lines: list[OrderLine] = many("this.order_id = parent.id", order="this.line_no, this.id")
    payments: list[OrderPayment] = many(
        "this.order_id = parent.id", "this.kind = 'payment'", order="this.happened_at, this.id"
    )
    refunds: list[OrderRefund] = many(
        "this.order_id = parent.id", "this.state = 'applied'", order="this.refunded_at, this.id"
    )


class OrderStep(Projection, table="order_step"):
    """What was told of an order after it was placed, beside refunds."""

    kind: OrderStepKind
    source: str
    no: str = column("external_no")
    at: datetime = column("happened_at")
    recorded_at: datetime


class OrderForStaff(Projection, joins=Order):
    """What staff see of an order besides."""

    version: int
    contradiction: OrderContradiction | None
    member: Member | None = one("this.id = parent.member_id")
    steps: list[OrderStep] = many("this.order_id = parent.id", order="this.happened_at, this.id")


class MemberOrders(Projection, joins=Member):
    """A member's orders."""

    orders: Page[Order] = pages("this.member_id = parent.id", newest="placed_at")


def order_of_id(order_id: UUID) -> Read:
    """An order; whether its asker may see it is for the caller to know."""
    return Read.one(Order, "this.id = :id", given={"id": order_id})


def own_order(order_id: UUID, member_id: UUID) -> Read:
    """An order of that member; null for another's."""
    given = {"id": order_id, "member": member_id}
    return Read.one(Order, "this.id = :id", "this.member_id = :member", given=given)


def orders_listed(
    state: OrderState | None, *, contradicting: bool, first: int, after: str | None
) -> Read:
    """Orders of all channels, newest first: in that state or any, or those that contradict themselves."""
    conditions = ["this.state = :state"]
    if contradicting:
        conditions.append("this.contradiction is not null")
    given = {"state": state, "first": first, "after": after}
    return Read.page(Order, *conditions, newest="placed_at", listed="orders", given=given)


def orders_of_no(no: str, channel: str) -> Read:
    """Orders of that number of a channel, newest first: tills count anew each day."""
    return Read.many(
        Order,
        *("this.source = :channel", "this.external_no = :no"),
        order="this.placed_at desc, this.id desc",
        given={"no": no, "channel": channel},
        limit=20,
    )
