"""Partitions by day of the big append-only tables: made ahead, dropped when they are too old.

Too old is what is past its thirty days and has been worked off: a day with events that somebody has
not come to yet, because their tenant was suspended, say, stays whole.

Run as owner by `shuke migrate`, which only makes, and `shuke maintain`. Forced row security binds the
owner as well, so rows that fell into the default partition are moved with the force lifted inside one
transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar

import asyncpg

from shuke_core.database.patience import LOCK_ATTEMPTS, LOCK_TIMEOUT, pause_after

PARTITIONED = ("event",)
DAYS_AHEAD = 14
DAYS_KEPT = 30

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Maintained:
    """What one run did: names of partitions made and dropped, rows moved out of the default.

    `kept` are old ones with events that are still wanted: the relay or a reaction has not come to
    them, or they are parked.
    """

    made: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: int
    kept: tuple[str, ...] = ()


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


async def _partitions(owner: asyncpg.Connection, table: str) -> set[str]:
    rows = await owner.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = to_regclass($1)",
        table,
    )
    return {row["relname"] for row in rows}


async def _patiently(owner: asyncpg.Connection, step: Callable[[], Awaitable[T]]) -> T:
    """Does the step in a transaction of its own, again while others hold what it must lock.

    The limit is the transaction's: nothing of it is left on the connection, whatever fails.
    """
    for attempt in range(1, LOCK_ATTEMPTS):
        try:
            return await _in_haste(owner, step)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(pause_after(attempt))
    return await _in_haste(owner, step)


async def _in_haste(owner: asyncpg.Connection, step: Callable[[], Awaitable[T]]) -> T:
    async with owner.transaction():
        await owner.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        return await step()


async def _make(owner: asyncpg.Connection, table: str, day: date) -> int:
    """Makes the partition of one day and moves what waited for it in the default; rows moved."""
    name = _name(table, day)
    start, end = day.isoformat(), (day + timedelta(days=1)).isoformat()
    bounds = f"recorded_at >= '{start} 00:00+00' AND recorded_at < '{end} 00:00+00'"
    await owner.execute(
        f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);"
        f"ALTER TABLE {table}_default NO FORCE ROW LEVEL SECURITY;"
    )
    moved = await owner.execute(
        f"WITH gone AS (DELETE FROM {table}_default WHERE {bounds} RETURNING *) "
        f"INSERT INTO {name} SELECT * FROM gone"
    )
    await owner.execute(
        f"ALTER TABLE {table}_default FORCE ROW LEVEL SECURITY;"
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} ATTACH PARTITION {name} "
        f"FOR VALUES FROM ('{start} 00:00+00') TO ('{end} 00:00+00');"
    )
    return int(moved.rpartition(" ")[2])


async def _drop(owner: asyncpg.Connection, name: str) -> bool:
    """Drops an old partition, unless it holds rows that nobody has come to yet."""
    await owner.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    if await owner.fetchval(f"SELECT EXISTS (SELECT FROM {name} WHERE position IS NULL)"):
        await owner.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        return False
    await owner.execute(f"DROP TABLE {name}")
    return True


# Of one tenant: the days of before that hold events which a reaction has not come to, or which are
# parked or dead, until somebody has mended them. What a plugin that is off has left does not count.
_WANTED = """
WITH follower AS (
    SELECT f.name, coalesce(c.position, 0) AS position
      FROM unnest($2::text[], $3::text[]) AS f(name, plugin)
      LEFT JOIN reaction_cursor c ON c.tenant_id = $1 AND c.name = f.name
     WHERE f.plugin IS NULL OR EXISTS (SELECT FROM plugin_switch s WHERE s.tenant_id = $1
                                          AND s.key = f.plugin AND s.state = 'on')
)
SELECT DISTINCT (e.recorded_at AT TIME ZONE 'UTC')::date AS day FROM event e
 WHERE e.tenant_id = $1 AND e.recorded_at < $4
   AND (e.position > (SELECT min(position) FROM follower)
        OR e.position IN (SELECT p.position FROM parked_event p JOIN follower f ON f.name = p.reaction
                           WHERE p.tenant_id = $1 AND p.state IN ('parked', 'dead')))
"""


async def _wanted_days(
    owner: asyncpg.Connection, before: date, followers: Mapping[str, str | None]
) -> set[date]:
    """Days before that one with events that are not worked off. Tenant by tenant, under row security,
    since lifting it would lock tables that everybody writes to."""
    days: set[date] = set()
    until = datetime.combine(before, datetime.min.time(), UTC)
    for tenant in await owner.fetch("SELECT id FROM tenant WHERE state <> 'erased'"):
        async with owner.transaction():
            await owner.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant["id"]))
            rows = await owner.fetch(
                _WANTED, tenant["id"], list(followers), list(followers.values()), until
            )
        days |= {row["day"] for row in rows}
    return days


async def ensure_partitions(
    owner: asyncpg.Connection,
    today: date | None = None,
    *,
    followers: Mapping[str, str | None] | None = None,
) -> Maintained:
    """Makes yesterday's to the next fourteen days' partitions, drops those past thirty days.

    `followers` are the reactions there are, by name, each with the plugin whose it is, or None: what
    they have not come to is not dropped. Without them nothing is.
    """
    day = today or datetime.now(UTC).date()
    made: list[str] = []
    dropped: list[str] = []
    kept: list[str] = []
    moved = 0
    for table in PARTITIONED:
        present = await _partitions(owner, table)
        for offset in range(-1, DAYS_AHEAD + 1):
            wanted = day + timedelta(days=offset)
            if _name(table, wanted) not in present:
                moved += await _patiently(owner, partial(_make, owner, table, wanted))
                made.append(_name(table, wanted))
        if followers is None:
            continue
        oldest = day - timedelta(days=DAYS_KEPT)
        old = [each for each in present - {f"{table}_default"} if each < _name(table, oldest)]
        if not old:
            continue
        wanted_days = {_name(table, each) for each in await _wanted_days(owner, oldest, followers)}
        for name in sorted(old):
            is_gone = name not in wanted_days and await _patiently(
                owner, partial(_drop, owner, name)
            )
            (dropped if is_gone else kept).append(name)
    return Maintained(tuple(made), tuple(dropped), moved, tuple(kept))


async def days_ahead(connection: asyncpg.Connection, today: date) -> int:
    """For how many days from `today` on there are partitions; the least over all tables."""
    ahead = []
    for table in PARTITIONED:
        present = await _partitions(connection, table)
        ahead.append(
            sum(_name(table, today + timedelta(days=n)) in present for n in range(DAYS_AHEAD + 1))
        )
    return min(ahead)
