"""Mutations of the member API about orders."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.orders.claims import claim_order
from shuke_core.orders.queries import order_of_id
from shuke_schema.context import ShukeInfo
from shuke_schema.http.guarded import guarded
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


@strawberry.type
class OwnOrdersMutation:
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
