"""Spreads the tables over Citus by tenant: every key leads with the tenant, so the schema stays as it is.

The directory of tenants becomes a reference table. Referenced tables come first, because Citus
takes a foreign key only between tables that both lie where their tenant lies.
"""

import asyncpg

from shuke_core.database.config import credentials

REFERENCE = ("tenant",)

_TABLES = """
SELECT c.oid::regclass::text AS name,
       ARRAY(SELECT f.confrelid::regclass::text FROM pg_constraint f
              WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS refers_to
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
                AND NOT a.attisdropped)
 ORDER BY 1
"""


class CitusMissing(Exception):
    """The database has no Citus."""


async def distribution_order(owner: asyncpg.Connection) -> list[str]:
    """The tenant tables, each after those it refers to."""
    refers = {
        row["name"]: set(row["refers_to"]) - set(REFERENCE) for row in await owner.fetch(_TABLES)
    }
    order: list[str] = []
    while refers:
        ready = sorted(name for name, others in refers.items() if others <= set(order))
        if not ready:
            raise ValueError(f"tables refer to each other in a circle: {sorted(refers)}")
        order += ready
        for name in ready:
            del refers[name]
    return order


async def has_citus(connection: asyncpg.Connection) -> bool:
    """Whether tables of this database may lie on other servers."""
    return bool(await connection.fetchval("SELECT to_regclass('pg_dist_partition') IS NOT NULL"))


async def distribute(owner: asyncpg.Connection) -> list[str]:
    """Distributes every table that is not yet; returns which. Raises CitusMissing."""
    if not await has_citus(owner):
        raise CitusMissing(
            "This database has no Citus. As an administrator: CREATE EXTENSION citus; then again."
        )
    there = {
        row["name"]
        for row in await owner.fetch(
            "SELECT logicalrelid::regclass::text AS name FROM pg_dist_partition"
        )
    }
    done = []
    for table in REFERENCE:
        if table not in there:
            await owner.execute(f"SELECT create_reference_table('{table}')")
            done.append(table)
    for table in await distribution_order(owner):
        if table not in there:
            await owner.execute(f"SELECT create_distributed_table('{table}', 'tenant_id')")
            done.append(table)
    return done


async def distribute_tables(owner_dsn: str) -> int:
    """Connects as the owner and distributes; returns how many tables were new."""
    owner = await asyncpg.connect(**credentials(owner_dsn))
    try:
        return len(await distribute(owner))
    finally:
        await owner.close()
