"""Root fields about orders: a member's own, and those of all channels for staff."""

import strawberry

from shuke_core.access.permissions import ORDERS_READ
from shuke_core.orders.life import OrderState
from shuke_core.orders.queries import order_of_id, orders_listed, orders_of_no, own_order
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.orders.types import Order
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks


@strawberry.type
class OwnOrdersQuery:
    @strawberry.field(
        description="An order of the member's own; null for another's.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    def order(self, info: ShukeInfo, id: strawberry.ID) -> Order | None:
        order_id, member_id = id_of(id), info.context.member_id
        return answered_by(own_order(order_id, member_id)) if order_id and member_id else None


@strawberry.type
class OrdersQuery:
    @strawberry.field(
        description="Orders of all channels, newest first: in that state or any, or only those of which "
        "things were told that can't all be true.",
        metadata=asks(Audience.STAFF, ORDERS_READ),
    )
    def orders(
        self,
        state: OrderState | None = None,
        contradicting: bool = False,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Order]:
        read = orders_listed(state, contradicting=contradicting, first=first, after=after)
        return answered_by(read)  # type: ignore[no-any-return]

    @strawberry.field(
        description="An order; null for one that is not there or not yours to see.",
        metadata=asks(Audience.STAFF, ORDERS_READ),
    )
    def order(self, id: strawberry.ID) -> Order | None:
        order_id = id_of(id)
        return answered_by(order_of_id(order_id)) if order_id else None

    @strawberry.field(
        description="Orders of that number of a channel, newest first: tills count anew each day.",
        metadata=asks(Audience.STAFF, ORDERS_READ),
    )
    def orders_by_no(self, no: str, channel: str) -> list[Order]:
        return answered_by(orders_of_no(no, channel))  # type: ignore[no-any-return]
