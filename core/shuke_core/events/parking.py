"""Where events wait whose reaction failed, and those of the same entity behind them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import uniform
from uuid import UUID

from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import reason_of
from shuke_core.kit.transactions import fetch
from shuke_core.worker.leases import Lease, Leased

ATTEMPTS = 8
_LONGEST_PAUSE = 600.0
LEASED = Leased("parked_event", waiting="parked")


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked event that this worker has a lease on."""

    id: UUID
    reaction: str
    position: int
    attempt: int


def pause_after(attempt: int) -> float:
    """Seconds until the next attempt: doubling, at most ten minutes, with full jitter."""
    return uniform(0, min(_LONGEST_PAUSE, 2.0**attempt))  # noqa: S311


async def blocked_entities(reaction: str, entities: Collection[str]) -> set[str]:
    """Which of these entities have an earlier event that still waits, or is dead."""
    rows = await fetch(
        "SELECT DISTINCT entity FROM parked_event WHERE tenant_id = $1 AND reaction = $2 "
        "AND entity = ANY ($3::text[]) AND state IN ('parked', 'dead')",
        *(reaction, list(entities)),
    )
    return {row["entity"] for row in rows}


async def _insert(
    reaction: str, position: int, entity: str, reason: str, pause: float | None
) -> None:
    await fetch(
        "INSERT INTO parked_event (tenant_id, id, reaction, position, entity, state, attempt, "
        "due_at, reason, parked_at) VALUES ($1, $2, $3, $4, $5, 'parked', 1, "
        "coalesce(now() + make_interval(secs => $6::float8), 'infinity'), $7, now()) "
        "ON CONFLICT (tenant_id, reaction, position) DO NOTHING",
        *(new_id(), reaction, position, entity, pause, reason),
    )


async def park(reaction: str, position: int, entity: str, failure: BaseException) -> None:
    """Parks the event that failed, with the reason."""
    await _insert(reaction, position, entity, reason_of(failure), pause_after(1))


async def park_behind(reaction: str, position: int, entity: str) -> None:
    """Parks an event behind an earlier one of its entity; it is due when that one is done."""
    await _insert(reaction, position, entity, "waits for an earlier event of its entity", None)


async def claim(lease: Lease, reactions: Sequence[str]) -> Parked | None:
    """Takes the earliest due event that waits for no other of its entity."""
    rows = await lease.claim(
        """
        SELECT p.id FROM parked_event p
         WHERE p.tenant_id = $1 AND p.state = 'parked' AND p.due_at <= now()
           AND p.reaction = ANY ($4::text[])
           AND NOT EXISTS (
               SELECT FROM parked_event e
                WHERE e.tenant_id = $1 AND e.reaction = p.reaction AND e.entity = p.entity
                  AND e.state IN ('parked', 'dead') AND e.position < p.position)
         ORDER BY p.position LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
        list(reactions),
        returning="q.id, q.reaction, q.position, q.attempt",
    )
    return Parked(**rows[0]) if rows else None


async def mark_done(parked: Parked) -> None:
    """The event has been handled; the next of its entity is due."""
    await fetch(
        """
        WITH done AS (
            UPDATE parked_event SET state = 'done', lease = NULL
             WHERE tenant_id = $1 AND id = $2 RETURNING reaction, entity, position
        )
        UPDATE parked_event SET due_at = now()
         WHERE tenant_id = $1 AND id = (
            SELECT p.id FROM parked_event p JOIN done d USING (reaction, entity)
             WHERE p.tenant_id = $1 AND p.state = 'parked' AND p.position > d.position
             ORDER BY p.position LIMIT 1)
        """,
        parked.id,
    )


async def redrive_dead() -> int:
    """Gives all dead events of the tenant eight new attempts; returns how many there were.

    An event that waits behind none any more is due as well, however that came about.
    """
    rows = await fetch(
        "UPDATE parked_event SET state = 'parked', attempt = 1, due_at = now() "
        "WHERE tenant_id = $1 AND state = 'dead' RETURNING id"
    )
    await fetch(
        "UPDATE parked_event p SET due_at = now() WHERE p.tenant_id = $1 AND p.state = 'parked' "
        "AND p.due_at = 'infinity' AND NOT EXISTS (SELECT FROM parked_event e "
        "WHERE e.tenant_id = $1 AND e.reaction = p.reaction AND e.entity = p.entity "
        "AND e.state IN ('parked', 'dead') AND e.position < p.position)"
    )
    return len(rows)
