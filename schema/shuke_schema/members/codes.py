"""Member codes: shown by a member, redeemed by a till."""

from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.members.codes import new_member_code, redeem_member_code
from shuke_core.members.queries import member_of_id
from shuke_schema.context import ShukeInfo
from shuke_schema.http.guarded import guarded
from shuke_schema.members.types import Member
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A code by which a till knows you: once, and for a minute.")
class MemberCode:
    text: str = strawberry.field(description="To be shown as a QR code: 60 letters.")
    expires_at: datetime = strawberry.field(description="Ask for another before.")


@strawberry.enum(description="Why a code tells no member.")
class MemberCodeErrorCode(Enum):
    MEMBER_CODE_INVALID = "MEMBER_CODE_INVALID"
    MEMBER_CODE_EXPIRED = "MEMBER_CODE_EXPIRED"
    MEMBER_CODE_USED = "MEMBER_CODE_USED"


@strawberry.type(description="Why a code tells no member.")
class MemberCodeError(Failure[MemberCodeErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class RedeemedCodePayload:
    member: Member | None = None
    errors: list[MemberCodeError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    MemberCodeError, MemberCodeErrorCode, {each.value: "code" for each in MemberCodeErrorCode}
)


@strawberry.type
class OwnCodeMutation:
    @strawberry.mutation(
        description="A fresh code that names you at a till, as a QR code. It can be redeemed once, "
        "within a minute; earlier ones stay good as long.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def new_member_code(self, info: ShukeInfo) -> MemberCode:
        member_id = info.context.member_id
        assert member_id is not None  # noqa: S101 (visitors may not ask for it)
        made = await new_member_code(member_id)
        return MemberCode(text=made.text, expires_at=made.expires_at)


@strawberry.type
class MemberCodesMutation:
    @strawberry.mutation(
        description="Whose code a till has scanned: told once. Once a document, 60 a minute; each "
        "is recorded.",
        metadata=asks(Audience.STAFF, MEMBERS_READ) | guarded(tries=60, seconds=60),
    )
    async def redeem_member_code(self, code: str) -> RedeemedCodePayload:
        found, errors = await _FAILURES.attempt(lambda: redeem_member_code(code))
        member = answered_by(member_of_id(found)) if found else None
        return RedeemedCodePayload(member=member, errors=errors)
