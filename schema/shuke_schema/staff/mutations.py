"""Mutations about other people's accounts: invite, change roles, let go, reset, unlock."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from shuke_core.access.permissions import STAFF_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.staff import administration as verbs
from shuke_core.staff.codes import Code
from shuke_core.staff.demands import SecondFactorRule, set_second_factor_rule
from shuke_core.staff.errors import ColleagueUnknown
from shuke_core.staff.queries import account_of
from shuke_core.staff.sessions import revoke_session, sign_out_everywhere
from shuke_schema.context import id_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.rights import asks, shows
from shuke_schema.staff.types import StaffMember

STEP_UP = "the id of a confirmed step-up for these arguments"


@strawberry.enum(description="Why a change of staff was refused.")
class StaffErrorCode(Enum):
    COLLEAGUE_UNKNOWN = "COLLEAGUE_UNKNOWN"
    STAFF_HANDLE_TAKEN = "STAFF_HANDLE_TAKEN"
    STAFF_LAST_ADMIN = "STAFF_LAST_ADMIN"
    ROLE_UNKNOWN = "ROLE_UNKNOWN"
    ROLE_TOO_MIGHTY = "ROLE_TOO_MIGHTY"
    ADVISOR_UNKNOWN = "ADVISOR_UNKNOWN"
    ADVISOR_AWAY = "ADVISOR_AWAY"
    SLUG_INVALID = "SLUG_INVALID"
    NAME_INVALID = "NAME_INVALID"
    CODE_INVALID = "CODE_INVALID"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


@strawberry.type(description="Why a change of staff was refused.")
class StaffError(Failure[StaffErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class StaffPayload:
    staff: StaffMember | None = None
    errors: list[StaffError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A code to hand to the person; it is told this once.")
class StaffCodePayload:
    code: str | None = None
    expires_at: datetime | None = None
    errors: list[StaffError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class StaffRulesPayload:
    errors: list[StaffError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    StaffError,
    StaffErrorCode,
    {
        "COLLEAGUE_UNKNOWN": "staff",
        "STAFF_LAST_ADMIN": "staff",
        "CODE_INVALID": "staff",
        "STAFF_HANDLE_TAKEN": "handle",
        "SLUG_INVALID": "handle",
        "NAME_INVALID": "name",
        "ROLE_UNKNOWN": "role",
        "ROLE_TOO_MIGHTY": "role",
        "ADVISOR_UNKNOWN": "handOverTo",
        "ADVISOR_AWAY": "handOverTo",
        "SESSION_UNKNOWN": "id",
        "STEP_UP_REQUIRED": "stepUp",
        "APPROVAL_REQUIRED": "stepUp",
    },
)


def _staff(text: strawberry.ID) -> UUID:
    """What can't be an id is answered as an unknown one."""
    return id_of(text) or NOBODY


def grant_of(step_up: strawberry.ID | None) -> UUID | None:
    """The grant that a client names; what can't be one is none."""
    return id_of(step_up) if step_up else None


async def _changed(staff: strawberry.ID, act: Callable[[UUID], Awaitable[Any]]) -> StaffPayload:
    async def done() -> StaffMember | None:
        await act(_staff(staff))
        row = await account_of(_staff(staff))
        return StaffMember.of(row) if row else None

    found, errors = await _FAILURES.attempt(done)
    return StaffPayload(staff=found, errors=errors)


async def _coded(act: Callable[[], Awaitable[Code]]) -> StaffCodePayload:
    made, errors = await _FAILURES.attempt(act)
    if made is None:
        return StaffCodePayload(errors=errors)
    return StaffCodePayload(code=made.code, expires_at=made.expires_at)


@strawberry.type
class StaffMutation:
    @strawberry.mutation(
        description="Invites somebody. In a role that manages staff or roles, or decides "
        f"approvals: `stepUp`, {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def invite_staff(
        self, handle: str, name: str, role: str, step_up: strawberry.ID | None = None
    ) -> StaffCodePayload:
        return await _coded(lambda: verbs.invite(grant_of(step_up), handle, name, role))

    @strawberry.mutation(
        description="Takes an invite back before it is accepted.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def withdraw_invite(self, staff: strawberry.ID) -> StaffPayload:
        return await _changed(staff, verbs.withdraw_invite)

    @strawberry.mutation(
        description=f"Gives somebody another role. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def change_staff_role(
        self, staff: strawberry.ID, role: str, step_up: strawberry.ID | None = None
    ) -> StaffPayload:
        return await _changed(staff, lambda whom: verbs.change_role(grant_of(step_up), whom, role))

    @strawberry.mutation(
        description="Somebody leaves: their tokens end, open sockets close. Their members go to "
        "`handOverTo`, else to nobody.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def let_staff_go(
        self, staff: strawberry.ID, hand_over_to: strawberry.ID | None = None
    ) -> StaffPayload:
        heir = None if hand_over_to is None else _staff(hand_over_to)
        return await _changed(staff, lambda whom: verbs.let_go(whom, heir))

    @strawberry.mutation(
        description=f"A code with which somebody sets a new password. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def issue_reset_code(
        self, staff: strawberry.ID, step_up: strawberry.ID | None = None
    ) -> StaffCodePayload:
        async def issue() -> Code:
            return await verbs.issue_reset_code(grant_of(step_up), _staff(staff))

        return await _coded(issue)

    @strawberry.mutation(
        description=f"Takes away somebody's second factor. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def remove_second_factor(
        self, staff: strawberry.ID, step_up: strawberry.ID | None = None
    ) -> StaffPayload:
        return await _changed(
            staff, lambda whom: verbs.take_second_factor_away(grant_of(step_up), whom)
        )

    @strawberry.mutation(
        description="Ends somebody's lock-out before its time.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def unlock_staff(self, staff: strawberry.ID) -> StaffPayload:
        return await _changed(staff, verbs.unlock_staff)

    @strawberry.mutation(
        description="Ends one session of somebody, or without `id` all of them.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def revoke_staff_sessions(
        self, staff: strawberry.ID, id: strawberry.ID | None = None
    ) -> StaffPayload:
        async def revoke(whom: UUID) -> None:
            if id is None:
                if await account_of(whom) is None:
                    raise ColleagueUnknown()
                await sign_out_everywhere(whom)
            else:
                await revoke_session(whom, id_of(id) or NOBODY)

        return await _changed(staff, revoke)

    @strawberry.mutation(
        description=f"Sets of whom a second factor is demanded. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def set_second_factor_rule(
        self, rule: SecondFactorRule, step_up: strawberry.ID | None = None
    ) -> StaffRulesPayload:
        _, errors = await _FAILURES.attempt(lambda: set_second_factor_rule(grant_of(step_up), rule))
        return StaffRulesPayload(errors=errors)
