"""The relay: stamps each committed event with the next position of its tenant's history.

Positions have no gaps and become visible in their order, because whoever stamps holds the
tenant's relay row until it commits. Whoever resumes at a position therefore misses nothing.
"""

from uuid import UUID

from shuke_core.events.outbox import RELAY
from shuke_core.events.reactions import REACTIONS
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, in_unit_of_work
from shuke_core.worker.drains import Drain, due_tenants
from shuke_core.worker.wake import wake_after_commit

LIVE = "live"
_FOLLOWERS = (REACTIONS, LIVE)  # whoever reads the history by position
BATCH = 500


async def _due() -> list[UUID]:
    return await due_tenants("event", "q.position IS NULL")


async def stamp_events(tenant_id: UUID) -> bool:
    """Gives up to 500 waiting events their positions; says whether more may wait."""
    return await in_unit_of_work(tenant_id, _stamp) == BATCH


async def _stamp() -> int:
    locked = "SELECT position FROM relay WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED"
    rows = await fetch(locked)
    if not rows:  # the tenant's first event, or somebody else stamps: nobody waits for a lock here
        await fetch(
            "INSERT INTO relay (tenant_id, id, position) VALUES ($1, $2, 0) "
            "ON CONFLICT (tenant_id) DO NOTHING",
            new_id(),
        )
        rows = await fetch(locked)
    if not rows:
        return 0
    last: int = rows[0]["position"]
    # By `seq`, which the database gave when the unit was about to commit: whoever announces
    # something about what another unit has committed comes after it, whatever the clocks say.
    stamped = await fetch(
        f"""
        WITH waiting AS (
            SELECT id, recorded_at, seq FROM event
             WHERE tenant_id = $1 AND position IS NULL ORDER BY seq LIMIT {BATCH}
        ), numbered AS (
            SELECT id, recorded_at, row_number() OVER (ORDER BY seq) AS nth FROM waiting
        ), stamped AS (
            UPDATE event e SET position = $2 + n.nth FROM numbered n
             WHERE e.tenant_id = $1 AND e.id = n.id AND e.recorded_at = n.recorded_at
            RETURNING e.position
        )
        UPDATE relay SET position = $2 + (SELECT count(*) FROM stamped)
         WHERE tenant_id = $1 RETURNING position
        """,
        last,
    )
    count: int = stamped[0]["position"] - last
    if count:
        for topic in _FOLLOWERS:
            wake_after_commit(topic)
    return count


RELAY_DRAIN = Drain(RELAY, _due, stamp_events)
