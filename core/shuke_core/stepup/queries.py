"""Reads of approvals and their limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.kit.conditions import Conditions
from shuke_core.kit.transactions import fetch


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """An approval in a list; `asker` and `decider` are names."""

    id: UUID
    operation: str
    amount: int
    summary: str
    reason: str
    state: str
    asker: str
    decider: str | None
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None


async def approvals_before(
    state: str | None, asker: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[ApprovalRow]:
    """Approvals, newest first, after the cursor `before`; of one state, of one who asked."""
    at, approval_id = before or (None, None)
    wanted = (
        Conditions("a.tenant_id = $1")
        .when("a.state = {}", state)
        .when("a.asker_id = {}", asker)
        .when("(a.asked_at, a.id) < ({}, {})", at, approval_id)
    )
    rows = await fetch(
        "SELECT a.id, a.operation, a.amount, a.summary, a.reason, a.state, s.name AS asker, "
        "d.name AS decider, a.asked_at, a.expires_at, a.decided_at FROM approval a "
        "JOIN staff s ON s.tenant_id = $1 AND s.id = a.asker_id "
        "LEFT JOIN staff d ON d.tenant_id = $1 AND d.id = a.decider_id "
        f"WHERE {wanted} ORDER BY a.asked_at DESC, a.id DESC LIMIT {wanted.limit(limit)}",
        *wanted.values,
    )
    return [ApprovalRow(**row) for row in rows]


async def approval_limits() -> Mapping[str, int]:
    """The tenant's limits by operation; an operation without one never needs a second person."""
    rows = await fetch("SELECT operation, most FROM approval_limit WHERE tenant_id = $1")
    return {row["operation"]: row["most"] for row in rows}
