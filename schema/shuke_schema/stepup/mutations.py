"""Mutations of step-ups: a fresh second factor, and a second person where a limit is set."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import APPROVALS_DECIDE, STAFF_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.kit.errors import ShukeError
from shuke_core.stepup.approvals import ask_approval, decide_approval, set_approval_limit
from shuke_core.stepup.errors import StepUpArgumentsInvalid
from shuke_core.stepup.services import begin_step_up, confirm_step_up
from shuke_schema.context import ShukeInfo, id_of, opaque
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.http.guarded import guarded
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.rights import ANY_STAFF, asks, shows
from shuke_schema.staff.account import oneself
from shuke_schema.staff.mutations import STEP_UP, grant_of


@strawberry.enum(description="Why a step-up or an approval was refused.")
class StepUpErrorCode(Enum):
    STEP_UP_UNKNOWN = "STEP_UP_UNKNOWN"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    STEP_UP_OPERATION_UNKNOWN = "STEP_UP_OPERATION_UNKNOWN"
    STEP_UP_ARGUMENTS_INVALID = "STEP_UP_ARGUMENTS_INVALID"
    SECOND_FACTOR_MISSING = "SECOND_FACTOR_MISSING"
    SECOND_FACTOR_WRONG = "SECOND_FACTOR_WRONG"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    APPROVAL_NOT_PENDING = "APPROVAL_NOT_PENDING"
    APPROVAL_OWN = "APPROVAL_OWN"
    APPROVAL_LIMIT_INVALID = "APPROVAL_LIMIT_INVALID"


@strawberry.type(description="Why a step-up or an approval was refused.")
class StepUpError(Failure[StepUpErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A step-up, and until when it can be confirmed or used.")
class StepUpPayload:
    step_up: strawberry.ID | None = None
    expires_at: datetime | None = None
    errors: list[StepUpError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class ApprovalPayload:
    approval: strawberry.ID | None = None
    errors: list[StepUpError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    StepUpError,
    StepUpErrorCode,
    {
        "STEP_UP_UNKNOWN": "stepUp",
        "STEP_UP_REQUIRED": "stepUp",
        "STEP_UP_OPERATION_UNKNOWN": "operation",
        "STEP_UP_ARGUMENTS_INVALID": "arguments",
        "SECOND_FACTOR_WRONG": "code",
        "APPROVAL_REQUIRED": "stepUp",
        "APPROVAL_NOT_PENDING": "approval",
        "APPROVAL_OWN": "approval",
        "APPROVAL_LIMIT_INVALID": "operation",
    },
)


def _named(operation: str, arguments: JSON) -> Mapping[str, Any]:
    if not isinstance(arguments, dict):
        raise StepUpArgumentsInvalid(operation=operation, names="as a JSON object")
    return arguments


@strawberry.type
class StepUpMutation:
    @strawberry.mutation(
        description="Begins a step-up for an operation with just these arguments.",
        metadata=asks(Audience.STAFF, ANY_STAFF) | WHILE_CLOSING,
    )
    async def begin_step_up(
        self, info: ShukeInfo, operation: str, arguments: JSON
    ) -> StepUpPayload:
        me, rights = oneself(info), info.context.rights

        async def begin() -> Any:
            return await begin_step_up(me.id, operation, _named(operation, arguments), rights)

        begun, errors = await _FAILURES.attempt(begin)
        if begun is None:
            return StepUpPayload(errors=errors)
        return StepUpPayload(step_up=opaque(begun.id), expires_at=begun.expires_at)

    @strawberry.mutation(
        description="Confirms it with a code of the second factor; it can then be used once.",
        metadata=asks(Audience.STAFF, ANY_STAFF)
        | guarded(tries=30, seconds=15 * 60)
        | WHILE_CLOSING,
    )
    async def confirm_step_up(
        self, info: ShukeInfo, step_up: strawberry.ID, code: str
    ) -> StepUpPayload:
        me, step_up_id = oneself(info), id_of(step_up) or NOBODY

        async def confirm() -> datetime | ShukeError:
            return await confirm_step_up(me.id, step_up_id, code)

        until, errors = await _FAILURES.attempt(confirm)
        if isinstance(until, ShukeError):
            errors = [_FAILURES.of(until)]
        if errors or not isinstance(until, datetime):
            return StepUpPayload(errors=errors)
        return StepUpPayload(step_up=step_up, expires_at=until)

    @strawberry.mutation(
        description="Asks a second person to approve an operation that is over the limit.",
        metadata=asks(Audience.STAFF, ANY_STAFF) | WHILE_CLOSING,
    )
    async def ask_approval(
        self, info: ShukeInfo, operation: str, arguments: JSON, reason: str
    ) -> ApprovalPayload:
        me, rights = oneself(info), info.context.rights

        async def ask() -> Any:
            named = _named(operation, arguments)
            return await ask_approval(me.id, operation, named, reason, rights)

        asked, errors = await _FAILURES.attempt(ask)
        return ApprovalPayload(approval=opaque(asked) if asked else None, errors=errors)

    @strawberry.mutation(
        description=f"Approves or refuses what somebody else asked for. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, APPROVALS_DECIDE) | WHILE_CLOSING,
    )
    async def decide_approval(
        self, approval: strawberry.ID, approve: bool, step_up: strawberry.ID | None = None
    ) -> ApprovalPayload:
        async def decide() -> None:
            await decide_approval(grant_of(step_up), id_of(approval) or NOBODY, approve)

        _, errors = await _FAILURES.attempt(decide)
        return ApprovalPayload(approval=None if errors else approval, errors=errors)

    @strawberry.mutation(
        description=(
            "Above `most` the operation needs a second person; null: never; 0: whenever it counts. "
            f"`stepUp`: {STEP_UP}."
        ),
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def set_approval_limit(
        self, operation: str, most: int | None = None, step_up: strawberry.ID | None = None
    ) -> StepUpPayload:
        _, errors = await _FAILURES.attempt(
            lambda: set_approval_limit(grant_of(step_up), operation, most)
        )
        return StepUpPayload(errors=errors)
