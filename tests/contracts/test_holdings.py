"""Each table that names members declares what it holds of them, and each declaration fits its table."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from shuke_core.database.config import credentials
from shuke_core.database.roles import APP, OWNER
from shuke_core.members.holdings import (
    Holding,
    OnErase,
    OnMerge,
    declare_holdings,
    declared_holdings,
    forget_holdings,
)
from shuke_core.places import Places

_HOLDERS = """
SELECT c.relname::text AS name FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'member_id' AND NOT a.attisdropped
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'
 UNION
SELECT c.relname::text FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
 WHERE f.contype = 'f' AND f.confrelid = 'member'::regclass AND f.conrelid <> f.confrelid
   AND NOT c.relispartition
"""
_COLUMNS = """
SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS type,
       has_column_privilege($2::text, a.attrelid, a.attnum, 'UPDATE') AS may_change
  FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""
_UNIQUE = """
SELECT ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) AS k
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k) AS columns
  FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique
"""


@pytest_asyncio.fixture
async def admin(places: Places) -> AsyncIterator[asyncpg.Connection]:
    """The superuser in this worker's database; all it does is rolled back."""
    assert places.admin_dsn is not None
    to_here: dict[str, Any] = {
        **credentials(places.admin_dsn),
        "database": credentials(places.app_dsn)["database"],
    }
    connection = await asyncpg.connect(**to_here)
    planting = connection.transaction()
    await planting.start()
    try:
        yield connection
    finally:
        await planting.rollback()
        await connection.close()


async def _undeclared(db: asyncpg.Connection) -> set[str]:
    return {row["name"] for row in await db.fetch(_HOLDERS)} - declared_holdings().keys()


async def _faults(db: asyncpg.Connection, holding: Holding) -> list[str]:
    columns = {row["name"]: row for row in await db.fetch(_COLUMNS, holding.table, APP)}
    if not columns:
        return ["there is no such table"]
    named = {
        holding.member,
        holding.newest,
        *holding.once,
        *holding.clears,
        *holding.opens.values(),
    }
    faults = [f"there is no column {column}" for column in sorted(named - columns.keys())]
    if faults:
        return faults
    faults += [
        f"{column} is sealed and no bytea"
        for column in sorted(set(holding.opens.values()))
        if columns[column]["type"] != "bytea"
    ]
    if holding.on_merge is OnMerge.MOVES:
        if not columns[holding.member]["may_change"]:
            faults.append(f"the app may not change {holding.member}")
        for unique in await db.fetch(_UNIQUE, holding.table):
            others = set(unique["columns"]) - {"tenant_id", holding.member}
            if holding.member in unique["columns"] and others != set(holding.once):
                faults.append(f"unique with {', '.join(sorted(others))}: say so in `once`")
    faults += [
        f"the app may not empty {column}"
        for column in holding.clears
        if not columns[column]["may_change"]
    ]
    for key, sql in holding.shows.items():
        try:
            async with db.transaction():
                await db.fetch(
                    f"SELECT {sql} FROM {holding.table} this "
                    "WHERE this.tenant_id = $1::uuid LIMIT 0",
                    "00000000-0000-0000-0000-000000000000",
                )
        except asyncpg.PostgresError as refused:
            faults.append(f"{key}: {refused}")
    return faults


async def test_every_table_with_members_is_declared(admin: asyncpg.Connection) -> None:
    assert await _undeclared(admin) == set()


async def test_the_test_looks_at_what_is_there(admin: asyncpg.Connection) -> None:
    found = {row["name"] for row in await admin.fetch(_HOLDERS)}
    assert {"orders", "member_merge", "audit_entry", "retail_channel_purchases"} <= found


@pytest.mark.parametrize("table", list(declared_holdings()))
async def test_a_declaration_fits_its_table(admin: asyncpg.Connection, table: str) -> None:
    assert await _faults(admin, declared_holdings()[table]) == []


@pytest.mark.parametrize(
    "columns",
    [
        "member_id uuid",
        "who uuid, FOREIGN KEY (tenant_id, who) REFERENCES member (tenant_id, id)",
    ],
)
async def test_a_planted_table_is_found(admin: asyncpg.Connection, columns: str) -> None:
    await admin.execute(
        f"SET LOCAL ROLE {OWNER}; CREATE TABLE planted (tenant_id uuid, id uuid, {columns}, "
        "PRIMARY KEY (tenant_id, id)); RESET ROLE"
    )
    assert await _undeclared(admin) == {"planted"}
    holding = Holding("planted", {"zh": "植", "en": "P"}, OnMerge.STAYS, OnErase.STAYS, why="test")
    declare_holdings("planted", holding)
    try:
        assert await _undeclared(admin) == set()
    finally:
        forget_holdings("planted")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"table": "nowhere"}, "there is no such table"),
        ({"member": "who"}, "there is no column who"),
        ({"opens": {"a": "id"}}, "id is sealed and no bytea"),
        ({"shows": {"a": "this.nothing"}}, "a: column this.nothing does not exist"),
        ({}, "unique with kind: say so in `once`"),
        ({}, "the app may not change member_id"),
    ],
)
async def test_a_declaration_that_does_not_fit_is_found(
    admin: asyncpg.Connection, fields: dict[str, Any], fault: str
) -> None:
    await admin.execute(
        f"SET LOCAL ROLE {OWNER}; CREATE TABLE planted (tenant_id uuid, id uuid, member_id uuid, "
        f"kind text, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, member_id, kind)); "
        f"REVOKE UPDATE ON planted FROM {APP}; RESET ROLE"
    )
    said = {
        "table": "planted",
        "label": {"zh": "植", "en": "P"},
        "on_merge": OnMerge.MOVES,
        "on_erase": OnErase.GOES,
        **({} if "opens" in fields or "shows" in fields else {"why": "test"}),
        **fields,
    }
    assert fault in await _faults(admin, Holding(**said))
