"""Mutations of the member API about orders."""

from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.orders.claims import claim_order
from shuke_core.orders.errors import OrderUnknown
from shuke_core.orders.handling import cancel_own_order
from shuke_core.orders.placing import order_by_member
from shuke_core.orders.queries import order_of_id
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.http.guarded import guarded
from shuke_schema.orders.inputs import NewOrderInput
from shuke_schema.orders.types import Order
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows


@strawberry.enum(description="Why an order was not claimed.")
class ClaimOrderErrorCode(Enum):
    MEMBER_UNKNOWN = strawberry.enum_value(
        "MEMBER_UNKNOWN", description="A visitor is no member yet: bind a phone first."
    )
    RECEIPT_UNKNOWN = "RECEIPT_UNKNOWN"
    ORDER_CLAIMED = "ORDER_CLAIMED"


@strawberry.type(description="Why an order was not claimed.")
class ClaimOrderError(Failure[ClaimOrderErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class ClaimOrderPayload:
    order: Order | None = None
    errors: list[ClaimOrderError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    ClaimOrderError,
    ClaimOrderErrorCode,
    {"RECEIPT_UNKNOWN": "receipt", "ORDER_CLAIMED": "receipt"},
)


@strawberry.enum(description="Why an order was not placed, or not cancelled.")
class OwnOrderErrorCode(Enum):
    MEMBER_UNKNOWN = strawberry.enum_value(
        "MEMBER_UNKNOWN", description="A visitor is no member yet: bind a phone first."
    )
    STORE_UNKNOWN = "STORE_UNKNOWN"
    ITEM_NOT_ON_SALE = "ITEM_NOT_ON_SALE"
    PRICE_CHANGED = "PRICE_CHANGED"
    ORDER_INVALID = "ORDER_INVALID"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    ORDER_ELSEWHERE = strawberry.enum_value(
        "ORDER_ELSEWHERE", description="It was not placed in the mini-program: ask the store."
    )
    ORDER_STATE_REFUSED = strawberry.enum_value(
        "ORDER_STATE_REFUSED", description="Something was paid or handed out: ask the store."
    )


@strawberry.type(description="Why an order was not placed, or not cancelled.")
class OwnOrderError(Failure[OwnOrderErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class OwnOrderPayload:
    order: Order | None = None
    errors: list[OwnOrderError] = strawberry.field(default_factory=list)


_OWN = Failures(
    OwnOrderError,
    OwnOrderErrorCode,
    {
        "STORE_UNKNOWN": "storeCode",
        "ITEM_NOT_ON_SALE": "lines",
        "PRICE_CHANGED": "expectedTotalFen",
        "ORDER_UNKNOWN": "id",
    },
)


def _payload(order_id: UUID | None, errors: list[OwnOrderError]) -> OwnOrderPayload:
    order = answered_by(order_of_id(order_id)) if order_id else None
    return OwnOrderPayload(order=order, errors=errors)


@strawberry.type
class OwnOrdersMutation:
    @strawberry.mutation(
        description="Places an order at today's prices. It is to be paid for: what has been paid, the "
        "payment system tells.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def place_order(
        self, info: ShukeInfo, order: NewOrderInput, idempotency_key: str
    ) -> OwnOrderPayload:
        member_id = info.context.member_id
        assert member_id is not None  # noqa: S101 (asked of a member)

        async def act() -> dict[str, Any]:
            wanted = [line.wanted for line in order.lines]
            placed = await order_by_member(
                member_id, order.store_code, wanted, order.expected_total_fen
            )
            return {"order_id": str(placed)}

        done, errors = await _OWN.attempt_once(info, idempotency_key, order.asked, act)
        return _payload(UUID(done["order_id"]) if done else None, errors)

    @strawberry.mutation(
        description="Gives up an order that was placed in the mini-program, while nothing of it is paid.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def cancel_order(self, info: ShukeInfo, id: strawberry.ID) -> OwnOrderPayload:
        member_id, order_id = info.context.member_id, id_of(id)
        assert member_id is not None  # noqa: S101

        async def act() -> UUID:
            if order_id is None:
                raise OrderUnknown()
            await cancel_own_order(member_id, order_id)
            return order_id

        return _payload(*await _OWN.attempt(act))

    @strawberry.mutation(
        description="Claims an order that was paid for as nobody, by the code on its receipt: its points "
        "come as if the buyer had been known. Once; asked for again it stays theirs.",
        metadata=asks(Audience.MEMBER, ONESELF) | guarded(tries=10, seconds=60),
    )
    async def claim_order(self, info: ShukeInfo, receipt: str) -> ClaimOrderPayload:
        async def claim() -> UUID:
            assert info.context.member_id is not None  # noqa: S101 (asked of a member)
            return await claim_order(info.context.member_id, receipt)

        claimed, errors = await _FAILURES.attempt(claim)
        order = answered_by(order_of_id(claimed)) if claimed else None
        return ClaimOrderPayload(order=order, errors=errors)
