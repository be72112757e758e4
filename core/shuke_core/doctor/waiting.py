"""What waits, and whether it moves: messages, events, reactions, schedules of all tenants.

All of it is read as the dispatch role, which sees states, positions and times, nothing else. What a
suspended tenant has waits on purpose, and is left out.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID

import asyncpg

from shuke_core.doctor.findings import Finding, good, warning
from shuke_core.events.reactions import reactions_of_core

_OLD_SECONDS = 60
_LOOK_AGAIN_SECONDS = 1.5

_WAITING: Mapping[str, tuple[str, str]] = {
    "messages": ("inbox", "pending"),
    "parked events": ("parked_event", "parked"),
}

# A reaction's cursor passes events it does not want as well, so the age of the next event, whatever
# it is, says for how long the reaction has stood still.
_BEHIND = """
SELECT r.name, extract(epoch FROM now() - min(e.recorded_at))::int AS oldest
  FROM relay l
 CROSS JOIN unnest($1::text[]) AS r(name)
  LEFT JOIN reaction_cursor c ON c.tenant_id = l.tenant_id AND c.name = r.name
 CROSS JOIN LATERAL (
    SELECT recorded_at FROM event e
     WHERE e.tenant_id = l.tenant_id AND e.position > coalesce(c.position, 0)
     ORDER BY e.position LIMIT 1
 ) e
 WHERE coalesce(c.position, 0) < l.position AND l.tenant_id <> ALL ($2::uuid[])
 GROUP BY r.name ORDER BY oldest DESC, r.name
"""


async def waiting(app: asyncpg.Connection) -> AsyncIterator[Finding]:
    """Looks at everything that waits for a worker."""
    rows = await app.fetch("SELECT id FROM tenant WHERE state = 'suspended'")
    resting = [row["id"] for row in rows]
    for name, (table, state) in _WAITING.items():
        yield await _queue(app, name, table, state, resting)
    yield await _relay(app, resting)
    yield await _reactions(app, resting)
    yield await _schedules(app, resting)
    said = f"{len(resting)} suspended, whose work waits on purpose" if resting else "none suspended"
    yield good("tenants", said)


async def _queue(
    app: asyncpg.Connection, name: str, table: str, waiting: str, resting: Sequence[UUID]
) -> Finding:
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        row = await app.fetchrow(
            f"SELECT count(*) FILTER (WHERE state = $1) AS waiting, "
            "count(*) FILTER (WHERE state = 'dead') AS dead, "
            "coalesce(extract(epoch FROM now() - min(due_at) FILTER "
            "(WHERE state = $1 AND due_at < 'infinity')), 0)::int "
            f"AS oldest FROM {table} WHERE state IN ($1, 'dead') AND tenant_id <> ALL ($2::uuid[])",
            *(waiting, resting),
        )
    if row["dead"]:
        return warning(
            name,
            f"{row['dead']} are dead",
            "`shuke tenant dead SLUG` has the reasons; mend them, then `shuke tenant redrive SLUG`.",
        )
    if row["oldest"] > _OLD_SECONDS:
        return warning(
            name,
            f"{row['waiting']} wait, the oldest for {row['oldest']} s",
            "Is a `shuke worker` running?",
        )
    return good(name, f"{row['waiting']} waiting, none dead")


_UNSTAMPED = "FROM event WHERE position IS NULL AND tenant_id <> ALL ($1::uuid[])"


async def _relay(app: asyncpg.Connection, resting: Sequence[UUID]) -> Finding:
    """Events that have no position yet: a running worker gives one within a moment.

    The dispatch role sees no times of events, so the oldest is looked at twice.
    """
    subject = "events"
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        row = await app.fetchrow(
            f"SELECT count(*) AS waiting, min(seq) AS first {_UNSTAMPED}", resting
        )
    if not row["waiting"]:
        return good(subject, "none without a position")
    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        first = await app.fetchval(f"SELECT min(seq) {_UNSTAMPED}", resting)
    if first == row["first"]:
        return warning(
            subject,
            f"{row['waiting']} have no position, and the first gets none",
            "Is a `shuke worker` running? Its log has what the relay fails on.",
        )
    return good(subject, f"{row['waiting']} without a position, and fewer soon")


async def _reactions(app: asyncpg.Connection, resting: Sequence[UUID]) -> Finding:
    """Events that have a position, and that a reaction of the core has not come to: points that are
    not booked, acts that are not sealed into the audit chain. Those of plugins rest where the
    plugin is off, and are in the worker's log where it is on."""
    subject = "reactions"
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        rows = await app.fetch(_BEHIND, reactions_of_core(), resting)
    behind = [f"{row['name']} ({row['oldest']} s)" for row in rows if row["oldest"] > _OLD_SECONDS]
    if behind:
        return warning(
            subject,
            f"stand still before events of long ago: {', '.join(behind)}",
            "Is a `shuke worker` running? Its log has what the reaction fails on.",
        )
    return good(subject, "none stands still")


async def _schedules(app: asyncpg.Connection, resting: Sequence[UUID]) -> Finding:
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        late = await app.fetchval(
            "SELECT count(*) FROM schedule WHERE state = 'waiting' "
            "AND due_at < now() - make_interval(secs => $1) AND tenant_id <> ALL ($2::uuid[])",
            *(float(_OLD_SECONDS), resting),
        )
    if late:
        return warning(
            "schedules",
            f"{late} are overdue for more than {_OLD_SECONDS} s",
            "Is a `shuke worker` running? One run makes up for all that was missed.",
        )
    return good("schedules", "none is overdue")
