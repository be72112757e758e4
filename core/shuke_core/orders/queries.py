"""Reads of orders: what the API shows of them, and where it comes from."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.access.rights import FieldClass
from shuke_core.members.queries import Member
from shuke_core.projection.declare import (
    ID,
    Long,
    Page,
    Projection,
    column,
    inline,
    one,
    pages,
)
from shuke_core.projection.reads import Read
from shuke_core.tenants.queries import Store


class OrderState(Enum):
    """Where an order stands."""

    COMPLETED = "completed"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


class Money(Projection):
    """An amount; whoever shows one says where its fen are."""

    fen: Long = column("fen", see=FieldClass.MONEY)
    currency: str = column("currency", see=FieldClass.MONEY)


class Order(Projection, table="orders"):
    """A purchase, from whichever channel."""

    id: ID
    no: str = column("external_no")
    state: OrderState
    store: Store = one("this.id = parent.store_id")
    paid_at: datetime = column("placed_at")
    total: Money = inline(fen="this.total_fen")
    refunded: Money = inline(fen="this.refunded_fen")


class MemberOrders(Projection, joins=Member):
    """A member's orders."""

    orders: Page[Order] = pages("this.member_id = parent.id", newest="placed_at")


def order_of_id(order_id: UUID) -> Read:
    """An order; whether its asker may see it is for the caller to know."""
    return Read.one(Order, "this.id = :id", given={"id": order_id})
