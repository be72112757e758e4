"""Mutations of reveals."""

from enum import Enum

import strawberry

from shuke_core.access.permissions import MEMBERS_REVEAL
from shuke_core.access.rights import FieldClass
from shuke_core.members.errors import MemberUnknown
from shuke_core.reveals.services import reveal_phone
from shuke_schema.context import ShukeInfo, id_of, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import asks, shown_as, shows


@strawberry.enum(description="Why a value was not revealed.")
class RevealErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    REVEAL_REASON_MISSING = "REVEAL_REASON_MISSING"
    REVEALS_TOO_MANY = "REVEALS_TOO_MANY"


@strawberry.type(description="Why a value was not revealed.")
class RevealError(Failure[RevealErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class RevealPayload:
    phone: str | None = strawberry.field(
        description="In E.164, such as +8613800138000; null for a member without one.",
        default=None,
        metadata=shown_as(FieldClass.CONTACT),
    )
    errors: list[RevealError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    RevealError,
    RevealErrorCode,
    {"MEMBER_UNKNOWN": "memberId", "REVEAL_REASON_MISSING": "reason"},
)


@strawberry.type
class RevealsMutation:
    @strawberry.mutation(
        description="The plain phone of one member, for one reason. It is recorded, counted, and "
        "told of when the number of them is unusual.",
        metadata=asks(
            Audience.STAFF,
            MEMBERS_REVEAL,
            {"memberId": FieldClass.CONTACT},  # nobody without it counts or records a reveal
        ),
    )
    async def reveal_phone(
        self, info: ShukeInfo, member_id: strawberry.ID, reason: str
    ) -> RevealPayload:
        async def act() -> str | None:
            found = id_of(member_id)
            if found is None:
                raise MemberUnknown()
            return await reveal_phone(staff_of(info).id, found, reason)

        phone, errors = await _FAILURES.attempt(act)
        return RevealPayload(phone=phone, errors=errors)
