"""Reads of events."""

from dataclasses import dataclass
from datetime import datetime

from shuke_core.events.reactions import running_reactions
from shuke_core.kit.transactions import fetch


async def events_behind() -> int:
    """How many of the tenant's events still have something to happen to them.

    Without a position, parked, or before the cursor of the reaction that is furthest behind.
    """
    rows = await fetch(
        """
        SELECT (SELECT count(*) FROM event WHERE tenant_id = $1 AND position IS NULL)
             + (SELECT count(*) FROM parked_event
                WHERE tenant_id = $1 AND state = 'parked' AND due_at < 'infinity')
             + coalesce((SELECT max(l.position - coalesce(c.position, 0))
                           FROM relay l CROSS JOIN unnest($2::text[]) AS r(name)
                           LEFT JOIN reaction_cursor c
                             ON c.tenant_id = l.tenant_id AND c.name = r.name
                          WHERE l.tenant_id = $1), 0) AS behind
        """,
        [reaction.name for reaction in await running_reactions()],
    )
    return int(rows[0]["behind"])


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An event that a reaction failed on, or that waits behind such a one. state: parked or dead."""

    reaction: str
    position: int
    entity: str
    state: str
    attempt: int
    reason: str
    parked_at: datetime


async def failed_events(limit: int = 100) -> list[FailedEvent]:
    """The tenant's dead and parked events, the dead first, then the latest."""
    rows = await fetch(
        "SELECT reaction, position, entity, state, attempt, reason, parked_at FROM parked_event "
        "WHERE tenant_id = $1 AND state IN ('dead', 'parked') "
        "ORDER BY state, parked_at DESC, position LIMIT $2",
        limit,
    )
    return [FailedEvent(**row) for row in rows]
