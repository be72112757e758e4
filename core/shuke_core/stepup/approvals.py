"""The second person: an operation over the tenant's limit is asked for, decided on, then done.

Who asked carries it out, with a step-up of their own; the approval is used up with it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from shuke_core.access.permissions import APPROVALS_DECIDE, STAFF_MANAGE
from shuke_core.access.rights import Rights
from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.idempotency.services import fingerprint
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.stepup.errors import ApprovalLimitInvalid, ApprovalNotPending, ApprovalOwn
from shuke_core.stepup.events import ApprovalAsked, ApprovalDecided
from shuke_core.stepup.operations import (
    Arguments,
    arguments_invalid,
    arguments_of,
    demands_step_up,
    operation_of,
)
from shuke_core.stepup.services import permitted

LIFE = timedelta(hours=24)
_LONGEST_SUMMARY = 300
_LONGEST_REASON = 500


async def ask_approval(
    staff_id: UUID, operation_key: str, arguments: Mapping[str, Any], reason: str, rights: Rights
) -> UUID:
    """Asks a second person to agree to the operation with just these arguments; its id.

    Raises OperationUnguarded, StepUpArgumentsInvalid, PermissionDenied, and ApprovalLimitInvalid
    for an operation that no limit can be set for.
    """
    operation = permitted(operation_key, rights)
    named = arguments_of(operation, arguments)
    if operation.measure is None:
        raise ApprovalLimitInvalid(operation=operation.key)
    try:
        amount = await operation.measure(named)
        summary = (await operation.describe(named))[:_LONGEST_SUMMARY]
    except (AttributeError, KeyError, TypeError):  # of another type than the operation's own
        raise arguments_invalid(operation) from None
    approval_id, now = new_id(), clock.now()
    await fetch(
        "INSERT INTO approval (tenant_id, id, operation, fingerprint, amount, summary, reason, "
        "state, asker_id, asked_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10)",
        *(approval_id, operation.key, await fingerprint(named), amount),
        *(summary, reason[:_LONGEST_REASON], staff_id, now, now + LIFE),
    )
    await record("approval.asked", f"approval:{approval_id}", reason=reason)
    announce(ApprovalAsked(approval_id, operation.key))
    return approval_id


async def _decision(given: Arguments) -> str:
    return f"{given['approval']}: {'approve' if given['approve'] else 'refuse'}"


@demands_step_up(
    "approvals.decide",
    {"zh": "审批", "en": "Decide on an approval"},
    APPROVALS_DECIDE,
    describe=_decision,
)
async def decide_approval(approval: UUID, approve: bool) -> None:
    """Approves or refuses, as the actor of the unit. Raises ApprovalNotPending, also where it has
    expired, and ApprovalOwn to who asked for it."""
    actor, now = current_actor(), clock.now()
    row = await fetch_one(
        "SELECT asker_id, operation FROM approval WHERE tenant_id = $1 AND id = $2 "
        "AND state = 'pending' AND expires_at > $3 FOR UPDATE",
        *(approval, now),
    )
    if row is None:
        raise ApprovalNotPending()
    if row["asker_id"] == actor.id:
        raise ApprovalOwn()
    state = "approved" if approve else "refused"
    await fetch(
        "UPDATE approval SET state = $3, decider_id = $4, decided_at = $5 "
        "WHERE tenant_id = $1 AND id = $2",
        *(approval, state, actor.id, now),
    )
    await record("approval.decided", f"approval:{approval}", changes={"state": ("pending", state)})
    announce(ApprovalDecided(approval, row["operation"], state))


async def _limit(given: Arguments) -> str:
    return f"{given['operation']}: {given['most']}"


async def _loosens(given: Arguments) -> int:
    """1 where a limit is raised or taken away: who may do that alone is not held by it.

    One at a time: two who set a limit at once would both measure against the one before.
    """
    await lock_until_commit("approval limits")
    row = await fetch_one(
        "SELECT most FROM approval_limit WHERE tenant_id = $1 AND operation = $2",
        str(given["operation"]),
    )
    return int(row is not None and (given["most"] is None or given["most"] > row["most"]))


@demands_step_up(
    "approvals.set_limit",
    {"zh": "设置审批额度", "en": "Set a limit for approvals"},
    STAFF_MANAGE,
    describe=_limit,
    measure=_loosens,
)
async def set_approval_limit(operation: str, most: int | None) -> None:
    """Above `most` the operation needs a second person; None: never. 0 means whenever it counts
    at all. Raises OperationUnguarded, ApprovalLimitInvalid."""
    if operation_of(operation).measure is None or (most is not None and most < 0):
        raise ApprovalLimitInvalid(operation=operation)
    before = await fetch_one(
        "DELETE FROM approval_limit WHERE tenant_id = $1 AND operation = $2 RETURNING most",
        operation,
    )
    if most is not None:
        await fetch(
            "INSERT INTO approval_limit (tenant_id, id, operation, most) VALUES ($1, $2, $3, $4)",
            *(new_id(), operation, most),
        )
    await record(
        "approval.limit_set",
        f"operation:{operation}",
        changes={"most": (before["most"] if before else None, most)},
    )
