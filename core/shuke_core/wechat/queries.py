"""Reads of WeChat: what staff see of mini-programs and of claims of phones."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.kit.transactions import Row, fetch
from shuke_core.members.queries import Member
from shuke_core.projection.declare import ID, Projection, column, one
from shuke_core.projection.reads import Read
from shuke_core.staff.queries import Colleague


class MiniProgramState(Enum):
    """Whether members log in through it."""

    ON = "on"
    OFF = "off"


class MiniProgram(Projection, table="mini_program"):
    """A mini-program of the tenant; its secret is told to nobody."""

    id: ID
    app_id: str
    state: MiniProgramState
    inactive_months: int
    changed_at: datetime


class PhoneClaimReason(Enum):
    """Why the phone did not simply go to who has it now."""

    INACTIVE = "inactive"
    IN_USE = "in_use"
    TAKEN = "taken"


class PhoneClaimState(Enum):
    """What has become of a claim."""

    WAITING = "waiting"
    SAME = "same"
    OTHER = "other"
    SETTLED = "settled"


class PhoneClaim(Projection, table="phone_claim"):
    """Somebody has a phone by which somebody else is known. The phone is masked."""

    id: ID
    member: Member | None = one("this.id = parent.member_id")
    holder: Member | None = one("this.id = parent.holder_id")
    reason: PhoneClaimReason
    masked_phone: str = column("phone_masked")
    state: PhoneClaimState
    claimed_at: datetime
    decided_at: datetime | None
    decided_by: Colleague | None = one("this.id = parent.decided_by_id")


def mini_programs() -> Read:
    """The tenant's mini-programs, by AppID."""
    return Read.many(MiniProgram, order="this.app_id, this.id", given={})


def claim_of_id(claim_id: UUID) -> Read:
    """A claim; null for an id that is not there."""
    return Read.one(PhoneClaim, "this.id = :id", given={"id": claim_id})


def phone_claims(state: PhoneClaimState, first: int, after: str | None) -> Read:
    """Claims in that state, the newest first."""
    given = {"first": first, "after": after, "state": state.value}
    return Read.page(
        PhoneClaim, "this.state = :state", newest="claimed_at", listed="phone_claims", given=given
    )


async def all_mini_programs() -> list[Row]:
    """AppID, state and months of each of the tenant's mini-programs, by AppID."""
    return await fetch(
        "SELECT app_id, state, inactive_months FROM mini_program WHERE tenant_id = $1 "
        "ORDER BY app_id"
    )
