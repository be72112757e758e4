"""Every sealed value of a tenant, tried with every key that the tenant has."""

from contextlib import suppress
from uuid import UUID

import asyncpg

from shuke_core.kit.crypto import CannotOpen, Place, unseal
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.tenants.keyring import member_keys, tenant_keys
from shuke_core.tenants.master_keys import masters

# Columns of bytes that hold no cipher: digests, MACs, fingerprints, and marks of what items are called.
NOT_SEALED = frozenset({"digest", "fingerprint", "mac", "marks", "place", "receipt", "source"})

_COLUMNS = """
SELECT c.relname::text AS name, a.attname::text AS column
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id'
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'
   AND a.atttypid = 'bytea'::regtype ORDER BY 1, 2
"""


async def sealed_columns(db: asyncpg.Connection) -> list[tuple[str, str]]:
    """Table and column of everything that is sealed, by the catalogue."""
    rows = await db.fetch(_COLUMNS)
    return [(row["name"], row["column"]) for row in rows if row["column"] not in NOT_SEALED]


def _place(tenant_id: UUID, table: str, row: dict[str, object], column: str) -> Place:
    if table == "file_chunk":
        return Place(tenant_id, table, UUID(str(row["file_id"])), f"sealed {row['number']}")
    return Place(tenant_id, table, UUID(str(row["id"])), column)


async def unreadable(tenant_id: UUID, columns: list[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """For each column with values: how many open with no key of the tenant, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    async with unit_of_work(tenant_id):
        ids = {row["id"] for row in await fetch("SELECT id FROM member WHERE tenant_id = $1")}
        own = await tenant_keys()
        keys = [own.sealing, *own.others]
        keys += [key for each in (await member_keys(ids)).values() for key in each.opens]
        keys += [key.key for key in (masters().present, *masters().former)]
        for table, column in columns:
            rows = await fetch(
                f"SELECT * FROM {table} WHERE tenant_id = $1 AND {column} IS NOT NULL"
            )
            if not rows:
                continue
            shut = sum(
                not _opens(keys, bytes(row[column]), _place(tenant_id, table, row, column))
                for row in rows
            )
            found[f"{table}.{column}"] = (shut, len(rows))
    return found


def _opens(keys: list[bytes], sealed: bytes, place: Place) -> bool:
    for key in keys:
        with suppress(CannotOpen):
            unseal(key, sealed, place)
            return True
    return False
