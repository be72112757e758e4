"""The verbs of a step-up: begin it for an operation and its arguments, confirm it with a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shuke_core.access.errors import PermissionDenied
from shuke_core.access.rights import Rights
from shuke_core.audit.services import record
from shuke_core.credentials.errors import SecondFactorMissing, SecondFactorWrong
from shuke_core.credentials.locks import CODES_INSIDE, failed, succeeded, take_try
from shuke_core.credentials.second_factor import second_factor_of, take_code
from shuke_core.idempotency.services import fingerprint
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.stepup.errors import StepUpUnknown
from shuke_core.stepup.operations import Operation, arguments_of, operation_of

LIFE = timedelta(minutes=5)
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Challenge:
    """A step-up that waits for its code."""

    id: UUID
    expires_at: datetime


def permitted(operation_key: str, rights: Rights) -> Operation:
    """The operation; raises OperationUnguarded, and PermissionDenied to who may not do it."""
    operation = operation_of(operation_key)
    if operation.permission.key not in rights.permissions:
        raise PermissionDenied(
            field=operation.key, needed=f"the permission {operation.permission.key}"
        )
    return operation


async def begin_step_up(
    staff_id: UUID, operation_key: str, arguments: Mapping[str, Any], rights: Rights
) -> Challenge:
    """Begins a step-up for the operation with just these arguments.

    Raises OperationUnguarded, StepUpArgumentsInvalid, PermissionDenied, SecondFactorMissing.
    """
    operation = permitted(operation_key, rights)
    meant = await fingerprint(arguments_of(operation, arguments))
    if not (await second_factor_of(staff_id)).is_on:
        raise SecondFactorMissing()
    challenge, now = Challenge(new_id(), clock.now() + LIFE), clock.now()
    await fetch(
        "INSERT INTO step_up (tenant_id, id, staff_id, operation, fingerprint, tries, asked_at, "
        "expires_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)",
        *(challenge.id, staff_id, operation.key, meant, now, challenge.expires_at),
    )
    await record("step_up.begun", f"operation:{operation.key}")
    return challenge


async def confirm_step_up(staff_id: UUID, step_up: UUID, code: str) -> datetime | ShukeError:
    """Makes it a grant, with a code of the second factor; until when it is good.

    A wrong code is answered, not raised: that it was tried must stay. A recovery code is none: it
    is for whoever lost the second factor. Raises StepUpUnknown, also for another person's.
    """
    now = clock.now()
    row = await fetch_one(
        "UPDATE step_up SET tries = tries + 1 WHERE tenant_id = $1 AND id = $2 AND staff_id = $3 "
        "AND confirmed_at IS NULL AND expires_at > $4 AND tries < $5 RETURNING operation",
        *(step_up, staff_id, now, MOST_TRIES),
    )
    if row is None:
        raise StepUpUnknown()
    made = await take_try(staff_id, CODES_INSIDE)
    if made.is_locked or not await take_code(staff_id, code):
        await failed(made)
        return SecondFactorWrong()
    await succeeded(made)
    await fetch(
        "UPDATE step_up SET confirmed_at = $3, expires_at = $4 WHERE tenant_id = $1 AND id = $2",
        *(step_up, now, now + LIFE),
    )
    await record("step_up.confirmed", f"operation:{row['operation']}")
    return now + LIFE
