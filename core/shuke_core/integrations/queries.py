"""Reads of integrations: how a link is doing, from the message to the points."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.events.queries import events_behind
from shuke_core.kit.transactions import fetch

_LATEST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Messages and tickets of an integration so far.

    `events_behind` is of the whole tenant. `p50` and `p99` are seconds from a message's arrival to
    its points, over the latest hundred thousand earnings; None until nothing is pending or behind.
    """

    received: int
    pending: int
    dead: int
    accepted: int
    known: int
    quarantined: int
    events_behind: int
    p50: float | None
    p99: float | None


async def progress_of(integration_id: UUID) -> Progress:
    """How far the integration's messages have come."""
    row = (
        await fetch(
            """
            SELECT count(*) AS received,
                   count(*) FILTER (WHERE state = 'pending') AS pending,
                   count(*) FILTER (WHERE state = 'dead') AS dead,
                   coalesce(sum(accepted), 0)::bigint AS accepted,
                   coalesce(sum(known), 0)::bigint AS known,
                   coalesce(sum(quarantined), 0)::bigint AS quarantined
              FROM inbox WHERE tenant_id = $1 AND integration_id = $2
            """,
            integration_id,
        )
    )[0]
    behind = await events_behind()
    working = row["pending"] or behind
    took = {"p50": None, "p99": None} if working else await _seconds_to_points()
    return Progress(**row, events_behind=behind, **took)


async def _seconds_to_points() -> dict[str, float | None]:
    rows = await fetch(
        f"""
        WITH latest AS (
            SELECT cause_id, recorded_at FROM ledger_entry
             WHERE tenant_id = $1 AND cause_type = 'order' AND kind = 'earn'
             ORDER BY id DESC LIMIT {_LATEST_ENTRIES}
        ), seconds AS (
            SELECT extract(epoch FROM e.recorded_at - o.received_at)::float8 AS took
              FROM latest e JOIN orders o ON o.tenant_id = $1 AND o.id = e.cause_id
        )
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS p50,
               percentile_cont(0.99) WITHIN GROUP (ORDER BY took) AS p99 FROM seconds
        """
    )
    return rows[0]


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that failed too often: whose it is, and why."""

    integration: str
    message_id: str
    received_at: datetime
    attempt: int
    reason: str | None


async def dead_messages(limit: int = 100) -> list[DeadMessage]:
    """The tenant's dead messages of all integrations, latest first."""
    rows = await fetch(
        "SELECT i.key AS integration, m.message_id, m.received_at, m.attempt, m.reason "
        "FROM inbox m JOIN integration i ON i.tenant_id = m.tenant_id AND i.id = m.integration_id "
        "WHERE m.tenant_id = $1 AND m.state = 'dead' ORDER BY m.received_at DESC, m.id LIMIT $2",
        limit,
    )
    return [DeadMessage(**row) for row in rows]
