"""Erasing a tenant: its keys first, then every row, in the order of the catalogue's foreign keys.

Once the keys are gone nothing that was sealed can be read, whatever is left of it. The rows go in
batches, so the command may be stopped and called again. The tenant's row stays, without its name:
its slug is never given again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from shuke_core.kit import clock
from shuke_core.upkeep.errors import (
    ErasureTooEarly,
    ErasureUnconfirmed,
    ErasureUnfinished,
    StateUnfit,
)
from shuke_core.upkeep.services import Standing, as_owner, locked_standing, note_life

BATCH = 2_000
_PASSES = 5
_KEYS = ("tenant_key", "sealing_key", "former_audit_key")

_TABLES = """
SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public' ORDER BY 1
"""
_LINKS = """
SELECT c.relname::text AS child, p.relname::text AS parent, a.attname::text AS column
  FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[2]
 WHERE f.contype = 'f' AND array_length(f.conkey, 1) = 2 AND NOT c.relispartition ORDER BY 1, 3
"""

log = logging.getLogger("shuke.upkeep")


@dataclass(frozen=True, slots=True)
class Plan:
    """Tables in the order in which they can be emptied; `own` are columns by which rows of a table
    refer to others of the same."""

    tables: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]]


async def plan_of(owner: asyncpg.Connection) -> Plan:
    """Reads the catalogue: plugins' tables are in it like any other."""
    tables = [row["name"] for row in await owner.fetch(_TABLES)]
    links = await owner.fetch(_LINKS)
    own: dict[str, tuple[str, ...]] = {}
    children: dict[str, set[str]] = {name: set() for name in tables}
    for link in links:
        if link["child"] == link["parent"]:
            own[link["child"]] = (*own.get(link["child"], ()), link["column"])
        elif link["parent"] in children:
            children[link["parent"]].add(link["child"])
    return Plan(_children_first(children), own)


def _children_first(children: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Each table behind all that refer to it; raises ValueError for a circle."""
    ordered: list[str] = []
    left = {name: set(of) for name, of in children.items()}
    while left:
        free = sorted(name for name, of in left.items() if not of - set(ordered))
        if not free:
            raise ValueError(f"these tables refer to each other in a circle: {sorted(left)}")
        ordered += free
        for name in free:
            del left[name]
    return tuple(ordered)


async def erase_tenant(
    owner_dsn: str,
    slug: str,
    *,
    confirmed: str,
    term: timedelta,
    redis_url: str,
    progress: Callable[[str], None],
) -> int:
    """Erases a closing tenant whose term is over, or goes on where it was stopped; returns how many
    rows went. Raises ErasureUnconfirmed, StateUnfit and ErasureTooEarly, before anything is done,
    and ErasureUnfinished. Raises ValueError for tables that can't be put in order, of a plugin say:
    before anything is done as well, since a tenant without keys whose rows stay is of no use to anybody.
    """
    if confirmed != slug:
        raise ErasureUnconfirmed(slug=slug)
    async with as_owner(owner_dsn) as owner:
        plan = await plan_of(owner)
        tenant = await _without_keys(owner, slug, term)
        progress("The keys are gone: nothing that was sealed can be read any more.")
        deleted = await _empty(owner, tenant, plan, progress)
        await note_life(owner, tenant, "emptied", f"{deleted} rows")
    await _forget_streams(redis_url, tenant.id)
    return deleted


async def _without_keys(owner: asyncpg.Connection, slug: str, term: timedelta) -> Standing:
    """The point of no return, in one transaction with the anchor that is left in the log."""
    async with owner.transaction():
        tenant = await locked_standing(owner, slug)
        if tenant.state == "erased":
            return tenant
        if tenant.state != "closing" or tenant.since is None:
            raise StateUnfit(slug=slug, state=tenant.state, act="erasing", wanted="closing")
        if tenant.since + term > clock.now():
            raise ErasureTooEarly(slug=slug, due=tenant.since + term)
        await _enter(owner, tenant.id)
        line = await note_life(owner, tenant, "erased", "")
        entries = await owner.fetchval(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1", tenant.id
        )
        end = await owner.fetchrow(
            "SELECT position, mac FROM audit_link WHERE tenant_id = $1 "
            "ORDER BY position DESC LIMIT 1",
            tenant.id,
        )
        position, mac = (end["position"], bytes(end["mac"])) if end else (0, b"")
        await owner.execute(
            "UPDATE tenant_life SET audit_entries = $2, audit_position = $3, audit_mac = $4 "
            "WHERE id = $1",
            *(line, entries, position, mac),
        )
        for table in _KEYS:
            await owner.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant.id)
        await owner.execute(
            "UPDATE tenant SET state = 'erased', state_at = now(), name = '' WHERE id = $1",
            tenant.id,
        )
    log.warning("audit head %s %d %s", tenant.id, position, mac.hex())
    return tenant


async def _enter(owner: asyncpg.Connection, tenant_id: UUID) -> None:
    """Row security binds the owner too: the transaction sees this tenant alone."""
    await owner.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))


async def _empty(
    owner: asyncpg.Connection, tenant: Standing, plan: Plan, progress: Callable[[str], None]
) -> int:
    """Pass after pass: what a process was at when the keys went may still write a row."""
    total = 0
    for _ in range(_PASSES):
        deleted: dict[str, int] = {}
        for table in plan.tables:
            if gone := await _empty_table(owner, tenant.id, table, plan.own.get(table, ())):
                progress(f"{table}: {gone} rows")
                deleted[table] = gone
        total += sum(deleted.values())
        if not deleted:
            return total
    raise ErasureUnfinished(tables=", ".join(deleted))


async def _empty_table(
    owner: asyncpg.Connection, tenant_id: UUID, table: str, own: tuple[str, ...]
) -> int:
    """Rows that others of the table refer to go in a later batch than those."""
    free = "".join(
        f" AND NOT EXISTS (SELECT FROM {table} c WHERE c.tenant_id = $1 AND c.{column} = t.id)"
        for column in own
    )
    total = 0
    while True:
        async with owner.transaction():
            await _enter(owner, tenant_id)
            done = await owner.execute(
                f"DELETE FROM {table} WHERE tenant_id = $1 AND id IN "
                f"(SELECT t.id FROM {table} t WHERE t.tenant_id = $1{free} LIMIT {BATCH})",
                tenant_id,
            )
        gone = int(done.rpartition(" ")[2])
        total += gone
        if not gone:
            return total


async def _forget_streams(redis_url: str, tenant_id: UUID) -> None:
    """What live updates left in Redis; it would run out by itself."""
    client = Redis.from_url(redis_url)
    try:
        async for key in client.scan_iter(match=f"shuke:*{tenant_id}*"):
            await client.delete(key)
    finally:
        await client.aclose()
