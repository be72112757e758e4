"""Mutations of the staff API about orders: entered by hand, followed up, refunded."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from shuke_core.access.permissions import ORDERS_REFUND, ORDERS_WORK
from shuke_core.access.rights import FieldClass
from shuke_core.members.errors import MemberUnknown
from shuke_core.orders.channels import Saying
from shuke_core.orders.errors import OrderUnknown
from shuke_core.orders.handling import refund_order, say_of_order
from shuke_core.orders.placing import order_at_counter
from shuke_core.orders.queries import order_of_id
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.orders.inputs import NewOrderInput, RefundedLineInput
from shuke_schema.orders.types import Order
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.scalars import Long


@strawberry.enum(description="Why nothing was done about an order.")
class OrderErrorCode(Enum):
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    ORDER_ELSEWHERE = strawberry.enum_value(
        "ORDER_ELSEWHERE", description="It is an outside system's: only there it can be changed."
    )
    ORDER_STATE_REFUSED = "ORDER_STATE_REFUSED"
    ORDER_INVALID = "ORDER_INVALID"
    REFUND_TOO_MUCH = "REFUND_TOO_MUCH"
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    STORE_UNKNOWN = "STORE_UNKNOWN"
    ITEM_NOT_ON_SALE = "ITEM_NOT_ON_SALE"
    PRICE_CHANGED = "PRICE_CHANGED"


@strawberry.type(description="Why nothing was done about an order.")
class OrderError(Failure[OrderErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class OrderPayload:
    order: Order | None = None
    errors: list[OrderError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    OrderError,
    OrderErrorCode,
    {
        "ORDER_UNKNOWN": "id",
        "REFUND_TOO_MUCH": "amountFen",
        "MEMBER_UNKNOWN": "memberId",
        "STORE_UNKNOWN": "storeCode",
        "ITEM_NOT_ON_SALE": "lines",
        "PRICE_CHANGED": "expectedTotalFen",
    },
)


async def _of(id: strawberry.ID, act: Callable[[UUID], Awaitable[None]]) -> OrderPayload:
    order_id = id_of(id)

    async def attempt() -> UUID:
        if order_id is None:
            raise OrderUnknown()
        await act(order_id)
        return order_id

    done, errors = await _FAILURES.attempt(attempt)
    return OrderPayload(order=answered_by(order_of_id(done)) if done else None, errors=errors)


@strawberry.type
class OrdersMutation:
    @strawberry.mutation(
        description="Enters an order by hand, for a member or for nobody. It is to be paid for: what has "
        "been paid, tills and payment systems tell.",
        metadata=asks(Audience.STAFF, ORDERS_WORK),
    )
    async def create_order(
        self,
        info: ShukeInfo,
        order: NewOrderInput,
        idempotency_key: str,
        member_id: strawberry.ID | None = None,
    ) -> OrderPayload:
        member = None if member_id is None else id_of(member_id)

        async def act() -> dict[str, Any]:
            if member_id is not None and member is None:
                raise MemberUnknown()
            wanted = [line.wanted for line in order.lines]
            order_id = await order_at_counter(
                member, order.store_code, wanted, order.expected_total_fen
            )
            return {"order_id": str(order_id)}

        asked = {"memberId": member_id, "order": order.asked}
        done, errors = await _FAILURES.attempt_once(info, idempotency_key, asked, act)
        placed = answered_by(order_of_id(UUID(done["order_id"]))) if done else None
        return OrderPayload(order=placed, errors=errors)

    @strawberry.mutation(
        description="The goods of an order were handed out, or sent.",
        metadata=asks(Audience.STAFF, ORDERS_WORK),
    )
    async def fulfil_order(self, id: strawberry.ID) -> OrderPayload:
        return await _of(id, lambda order_id: say_of_order(order_id, Saying.FULFIL))

    @strawberry.mutation(
        description="An order is done with. Paid in full, it counts as a purchase from now on.",
        metadata=asks(Audience.STAFF, ORDERS_WORK),
    )
    async def complete_order(self, id: strawberry.ID) -> OrderPayload:
        return await _of(id, lambda order_id: say_of_order(order_id, Saying.COMPLETE))

    @strawberry.mutation(
        description="Gives an order up of which nothing was handed out. What was paid is to be refunded: "
        "until then the order says CANCELLED_BUT_PAID.",
        metadata=asks(Audience.STAFF, ORDERS_WORK),
    )
    async def cancel_order(self, id: strawberry.ID, reason: str) -> OrderPayload:
        return await _of(id, lambda order_id: say_of_order(order_id, Saying.CANCEL, reason))

    @strawberry.mutation(
        description="Money of an order was given back: an amount, or what the lines come to.",
        metadata=asks(Audience.STAFF, ORDERS_REFUND),
    )
    async def refund_order(
        self,
        info: ShukeInfo,
        id: strawberry.ID,
        reason: str,
        idempotency_key: str,
        amount_fen: Long | None = None,
        lines: list[RefundedLineInput] | None = None,
    ) -> OrderPayload:
        order_id, back = id_of(id), [line.sent_back for line in lines or ()]

        async def act() -> dict[str, Any]:
            if order_id is None:
                raise OrderUnknown()
            await refund_order(order_id, amount_fen, back, reason)
            return {}

        asked = {
            "id": id,
            "reason": reason,
            "amountFen": amount_fen,
            "lines": [line.asked for line in lines or ()],
        }
        _, errors = await _FAILURES.attempt_once(info, idempotency_key, asked, act)
        shown = answered_by(order_of_id(order_id)) if order_id and not errors else None
        return OrderPayload(order=shown, errors=errors)
