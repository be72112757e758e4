"""Partitions by day of the big append-only tables: made ahead, dropped when they are too old.

Run as owner by `shuke migrate` and `shuke maintain`. Forced row security binds the owner as well,
so rows that fell into the default partition are moved with the force lifted inside one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable
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

    `kept` are old ones that still hold events without a position: the relay has not come to them.
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


async def ensure_partitions(owner: asyncpg.Connection, today: date | None = None) -> Maintained:
    """Makes yesterday's to the next fourteen days' partitions, drops those past thirty days."""
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
        oldest = _name(table, day - timedelta(days=DAYS_KEPT))
        for name in sorted(present - {f"{table}_default"}):
            if name < oldest:
                is_gone = await _patiently(owner, partial(_drop, owner, name))
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
