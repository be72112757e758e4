"""Members of whom tables hold something, and what a database still says of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.support.scratch import connection_to
from tests.support.shop import Shop

from shuke_core.kit.crypto import CannotOpen, Place, unseal
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants.keyring import tenant_keys

# What came in is kept sealed under the tenant's key, for thirty days at most.
FORGOTTEN_LATER = frozenset({"inbox", "quarantined_ticket"})


async def everybody(shop: Shop, member_id: UUID) -> list[UUID]:
    """The member, then whoever was merged into them."""
    rows = await shop.rows(
        "SELECT id FROM member WHERE tenant_id = $1 AND (id = $2 OR merged_into_id = $2) "
        "ORDER BY merged_into_id IS NOT NULL, id",
        member_id,
    )
    return [row["id"] for row in rows]


async def rows_of(shop: Shop, table: str, column: str, ids: Sequence[UUID]) -> int:
    """How many rows of the table are of these members."""
    rows = await shop.rows(
        f'SELECT 1 AS one FROM "{table}" WHERE tenant_id = $1 AND "{column}" = ANY ($2::uuid[])',
        list(ids),
    )
    return len(rows)


async def said_of(runtime: Runtime, tenant_id: UUID, words: Sequence[str]) -> list[str]:
    """Every column of every table of the tenant that says one of the words: in the clear, as bytes
    in hexadecimal, or sealed under the tenant's key."""
    found: list[str] = []
    async with unit_of_work(tenant_id):
        key = (await tenant_keys()).sealing
    async with connection_to(runtime.places.owner()) as db:
        await db.execute(f"SET shuke.tenant_id = '{tenant_id}'")
        tables = await db.fetch(
            "SELECT c.relname::text AS name FROM pg_class c JOIN pg_attribute a "
            "ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
        )
        assert len(tables) > 40
        for (table,) in tables:
            rows = await db.fetch(f'SELECT * FROM "{table}" WHERE tenant_id = $1', tenant_id)
            for row in rows:
                found += [
                    f"{table}.{column}"
                    for column, value in row.items()
                    if _says(value, words)
                    or (
                        table not in FORGOTTEN_LATER
                        and _says(_opened(key, value, tenant_id, table, row["id"], column), words)
                    )
                ]
    return sorted(set(found))


def _opened(
    key: bytes, value: Any, tenant_id: UUID, table: str, row_id: UUID, column: str
) -> bytes | None:
    if not isinstance(value, bytes):
        return None
    try:
        return unseal(key, value, Place(tenant_id, table, row_id, column))
    except CannotOpen:
        return None


def _says(value: Any, words: Sequence[str]) -> bool:
    if value is None:
        return False
    told = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    spelled = [word.encode().decode("latin-1") for word in words]
    return any(word in told for word in (*words, *spelled, *(w.encode().hex() for w in words)))
