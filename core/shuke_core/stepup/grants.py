"""The way past a sensitive operation: a grant is used up, and over the limit an approval too."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shuke_core.audit.actors import SYSTEM, current_actor
from shuke_core.idempotency.services import fingerprint
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.stepup.errors import ApprovalRequired, StepUpRequired


async def use_grant(
    grant: UUID | None, operation: str, arguments: Mapping[str, Any], amount: int | None
) -> None:
    """Uses up the actor's grant for this operation with these arguments, and over the tenant's
    limit the approval of it. What uses it and is undone gives it back.

    The update's condition decides: of two who use one grant at once the second waits for the row
    and finds it used. Raises StepUpRequired and ApprovalRequired. The system itself, which is the
    command line on the host, is not asked; a key has no second factor and never passes.
    """
    actor, now = current_actor(), clock.now()
    if actor == SYSTEM:
        return
    if actor.kind != "staff":
        raise StepUpRequired(operation=operation)
    meant = await fingerprint(arguments)
    rows = await fetch(
        "UPDATE step_up SET used_at = $6 WHERE tenant_id = $1 AND id = $2 AND staff_id = $3 "
        "AND operation = $4 AND fingerprint = $5 AND confirmed_at IS NOT NULL "
        "AND used_at IS NULL AND expires_at > $6 RETURNING id",
        *(grant, actor.id, operation, meant, now),
    )
    if not rows:
        raise StepUpRequired(operation=operation)
    if amount is not None:
        await _use_approval(actor.id, operation, meant, amount)


async def _use_approval(asker: UUID | None, operation: str, meant: bytes, amount: int) -> None:
    limit = await fetch_one(
        "SELECT most FROM approval_limit WHERE tenant_id = $1 AND operation = $2", operation
    )
    if limit is None or amount <= limit["most"]:
        return
    rows = await fetch(
        "UPDATE approval SET state = 'done' WHERE tenant_id = $1 AND id = ("
        "SELECT id FROM approval WHERE tenant_id = $1 AND asker_id = $2 AND operation = $3 "
        "AND fingerprint = $4 AND state = 'approved' AND expires_at > $5 "
        "ORDER BY id LIMIT 1 FOR UPDATE) AND state = 'approved' RETURNING id",
        *(asker, operation, meant, clock.now()),
    )
    if not rows:
        raise ApprovalRequired(operation=operation, most=limit["most"])
