"""Where events wait whose reaction failed, and those of the same entity behind them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import uniform
from uuid import UUID

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.settings import current_settings

ATTEMPTS = 8
_LONGEST_PAUSE = 600.0
_REASON = 500


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked event that this worker has a lease on."""

    id: UUID
    reaction: str
    position: int
    attempt: int
    lease: UUID


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


def _reason(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}"[:_REASON]


async def park(reaction: str, position: int, entity: str, failure: BaseException) -> None:
    """Parks the event that failed, with the reason."""
    await _insert(reaction, position, entity, _reason(failure), pause_after(1))


async def park_behind(reaction: str, position: int, entity: str) -> None:
    """Parks an event behind an earlier one of its entity; it is due when that one is done."""
    await _insert(reaction, position, entity, "waits for an earlier event of its entity", None)


async def claim(reactions: Sequence[str]) -> Parked | None:
    """Takes the earliest due event that waits for no other of its entity, under a lease."""
    lease = new_id()
    rows = await fetch(
        """
        UPDATE parked_event SET lease = $2, due_at = now() + make_interval(secs => $3)
         WHERE tenant_id = $1 AND id = (
            SELECT p.id FROM parked_event p
             WHERE p.tenant_id = $1 AND p.state = 'parked' AND p.due_at <= now()
               AND p.reaction = ANY ($4::text[])
               AND NOT EXISTS (
                   SELECT FROM parked_event e
                    WHERE e.tenant_id = $1 AND e.reaction = p.reaction AND e.entity = p.entity
                      AND e.state IN ('parked', 'dead') AND e.position < p.position)
             ORDER BY p.position LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, reaction, position, attempt, lease
        """,
        *(lease, current_settings().lease_seconds, list(reactions)),
    )
    return Parked(**rows[0]) if rows else None


async def still_mine(parked: Parked) -> bool:
    """Whether the lease still holds; locks the row, so that nobody else takes it meanwhile."""
    return bool(
        await fetch(
            "SELECT id FROM parked_event WHERE tenant_id = $1 AND id = $2 AND lease = $3 "
            "AND state = 'parked' FOR UPDATE",
            *(parked.id, parked.lease),
        )
    )


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


async def mark_failed(parked: Parked, failure: BaseException) -> None:
    """Sets the next attempt, or declares the event dead after the eighth."""
    await fetch(
        "UPDATE parked_event SET attempt = attempt + 1, reason = $4, lease = NULL, "
        "due_at = now() + make_interval(secs => $5), "
        f"state = CASE WHEN attempt + 1 >= {ATTEMPTS} THEN 'dead' ELSE 'parked' END "
        "WHERE tenant_id = $1 AND id = $2 AND lease = $3",
        *(parked.id, parked.lease, _reason(failure), pause_after(parked.attempt + 1)),
    )


async def redrive_dead() -> int:
    """Gives all dead events of the tenant eight new attempts; returns how many there were."""
    rows = await fetch(
        "UPDATE parked_event SET state = 'parked', attempt = 1, due_at = now() "
        "WHERE tenant_id = $1 AND state = 'dead' RETURNING id"
    )
    return len(rows)
