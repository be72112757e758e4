"""GraphQL types of mini-programs (小程序) and claims of phones."""

from datetime import datetime

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.wechat.queries import MiniProgramState, PhoneClaimReason, PhoneClaimState
from shuke_schema.members.types import Member
from shuke_schema.rights import needs, shows
from shuke_schema.staff.types import Colleague

strawberry.enum(MiniProgramState, description="Whether members log in through it.")
strawberry.enum(
    PhoneClaimReason, description="Why the phone did not go to who has it now by itself."
)
strawberry.enum(PhoneClaimState, description="What has become of a claim.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A mini-program of the tenant. Its secret is told to nobody.")
class MiniProgram:
    id: strawberry.ID
    app_id: str
    state: MiniProgramState
    inactive_months: int = strawberry.field(
        description="After so many months without any act a phone may be somebody else's."
    )
    changed_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Somebody has a phone by which somebody else is known.")
class PhoneClaim:
    id: strawberry.ID
    member: Member | None = strawberry.field(
        description="Who has the phone now, WeChat says.", metadata=needs(MEMBERS_READ)
    )
    holder: Member | None = strawberry.field(
        description="Who is known by it.", metadata=needs(MEMBERS_READ)
    )
    reason: PhoneClaimReason
    masked_phone: str
    state: PhoneClaimState
    claimed_at: datetime
    decided_at: datetime | None
    decided_by: Colleague | None
