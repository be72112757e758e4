"""Probes of row security: each tries what must not work, table by table, and returns what did.

Everything that is tried is rolled back, also where it works.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from tests.support.catalogue import QUEUES, WITHOUT_TENANT
from tests.support.full_tenants import FullTenant, Pair
from tests.support.scratch import connection_to

from shuke_core.database.roles import APP, DISPATCH
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import UnitOfWork, directory_work, dispatch_work, unit_of_work
from shuke_core.places import Places


@dataclass(frozen=True, slots=True)
class Leak:
    """What got through: the relation or service, by which way, and what was seen."""

    subject: str
    way: str
    seen: str


Outcome: TypeAlias = list[dict[str, Any]] | asyncpg.PostgresError


async def tried(connection: UnitConnection, sql: str, *values: object) -> Outcome:
    """Rows or the refusal of one statement, undone at once."""
    await connection.run("SAVEPOINT tried")
    try:
        return await connection.fetch(sql, *values)
    except asyncpg.PostgresError as refused:
        return refused
    finally:
        await connection.run("ROLLBACK TO SAVEPOINT tried")


def _got_through(outcome: Outcome) -> bool:
    """Whether a statement on rows of others did anything but nothing or be refused a right."""
    if isinstance(outcome, asyncpg.PostgresError):
        return not isinstance(outcome, asyncpg.InsufficientPrivilegeError)
    return bool(outcome)


def _has_no_right(outcome: Outcome) -> bool:
    """Refused for want of a grant; a policy's refusal says the grant is there."""
    return "permission denied" in str(outcome)


async def _readable(connection: UnitConnection) -> list[str]:
    rows = await connection.fetch(
        "SELECT c.relname::text AS name FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
        "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
        "AND has_any_column_privilege(c.oid, 'SELECT')"
    )
    return sorted({row["name"] for row in rows} - WITHOUT_TENANT)


async def _strangers(
    connection: UnitConnection, relations: Sequence[str], own: UUID | None
) -> list[Leak]:
    """Rows of anybody but `own` in these relations."""
    leaks = []
    for relation in relations:
        seen = await tried(connection, f'SELECT DISTINCT tenant_id::text AS t FROM "{relation}"')
        if isinstance(seen, asyncpg.PostgresError):
            leaks.append(Leak(relation, "select", f"can't be judged: {seen}"))
        elif strangers := [row["t"] for row in seen if row["t"] != str(own)]:
            leaks.append(Leak(relation, "select", f"{len(strangers)} other tenants"))
        elif own is not None and not seen:
            leaks.append(Leak(relation, "select", "not even its own rows"))
    return leaks


async def reads_of_others(pair: Pair) -> list[Leak]:
    """Inside one tenant only its rows are there: in every table, and in whatever else is granted."""
    async with unit_of_work(pair.one.tenant_id) as unit:
        relations = sorted({*pair.tables, *await _readable(unit.connection)})
        return await _strangers(unit.connection, relations, pair.one.tenant_id)


async def _columns(connection: UnitConnection, table: str) -> list[str]:
    """Those that can be written: what the database makes of others can't."""
    rows = await connection.fetch(
        "SELECT attname::text AS name FROM pg_attribute "
        "WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        table,
    )
    return [row["name"] for row in rows]


async def _writes(unit: UnitOfWork, table: str, one: FullTenant, other: FullTenant) -> list[Leak]:
    connection, theirs = unit.connection, other.ids[table]
    rest = ", ".join(
        f'"{c}"' for c in await _columns(connection, table) if c not in ("tenant_id", "id")
    )
    rest = f", {rest}" if rest else ""
    change = f'UPDATE "{table}" SET id = id WHERE id = ANY ($1::uuid[]) RETURNING id'
    delete = f'DELETE FROM "{table}" WHERE id = ANY ($1::uuid[]) RETURNING id'
    give = f'UPDATE "{table}" SET tenant_id = $2 WHERE id = ANY ($1::uuid[]) RETURNING id'
    enter = (
        f'INSERT INTO "{table}" (tenant_id, id{rest}) '
        f'SELECT $1::uuid, gen_random_uuid(){rest} FROM "{table}" WHERE id = $2'
    )
    leaks = []
    for way, outcome in (
        ("update", await tried(connection, change, theirs)),
        ("delete", await tried(connection, delete, theirs)),
        ("give away", await tried(connection, give, one.ids[table], other.tenant_id)),
    ):
        if _got_through(outcome):
            leaks.append(Leak(table, way, repr(outcome)))
    entered = await tried(connection, enter, other.tenant_id, one.ids[table][0])
    # Refused by anything but the policy, such as a unique key, it would have been let in.
    if "violates row-level security policy" not in str(entered):
        leaks.append(Leak(table, "insert", repr(entered)))
    return leaks


async def writes_to_others(pair: Pair) -> list[Leak]:
    """Inside one tenant, rows of the other can't be changed, deleted, given or entered."""
    async with unit_of_work(pair.one.tenant_id) as unit:
        leaks = []
        for table in pair.tables:
            leaks += await _writes(unit, table, pair.one, pair.other)
        return leaks


async def reads_without_tenant(pair: Pair, places: Places) -> list[Leak]:
    """Without a tenant nothing is there: in a unit for the directory, and on plain connections."""
    async with directory_work() as unit:
        relations = sorted({*pair.tables, *await _readable(unit.connection)})
        leaks = await _strangers(unit.connection, relations, None)
    async with connection_to(places.app_dsn) as plain:
        for setting in (None, ""):
            if setting is not None:
                await plain.execute(f"SET shuke.tenant_id = '{setting}'")
            for table in relations:
                count = await plain.fetchval(f'SELECT count(*) FROM "{table}"')
                if count:
                    leaks.append(Leak(table, f"setting {setting!r}", f"{count} rows"))
    return leaks


async def reads_as_dispatch(pair: Pair) -> list[Leak]:
    """As dispatch, the agreed columns of the queues can be read and no other column of any table."""
    leaks = []
    async with dispatch_work() as unit:
        for table in pair.tables:
            for column in await _columns(unit.connection, table):
                outcome = await tried(unit.connection, f'SELECT "{column}" FROM "{table}" LIMIT 1')
                if _has_no_right(outcome) == (column in QUEUES.get(table, ())):
                    leaks.append(Leak(table, f"dispatch reads {column}", repr(outcome)))
    return leaks


async def writes_as_dispatch(pair: Pair) -> list[Leak]:
    """As dispatch nothing can be written, also where the transaction is not read-only."""
    leaks = []
    async with unit_of_work(pair.one.tenant_id) as unit:
        await unit.connection.run(f"SET LOCAL ROLE {DISPATCH}")
        for table in pair.tables:
            for way, sql in (
                ("insert", f'INSERT INTO "{table}" DEFAULT VALUES'),
                ("update", f'UPDATE "{table}" SET tenant_id = tenant_id'),
                ("delete", f'DELETE FROM "{table}"'),
            ):
                outcome = await tried(unit.connection, sql)
                if not _has_no_right(outcome):
                    leaks.append(Leak(table, f"dispatch {way}", repr(outcome)))
    return leaks


async def reaches_into_partitions(pair: Pair) -> list[Leak]:
    """Partitions can't be named directly, neither by the app nor by dispatch."""
    leaks = []
    for role in (APP, DISPATCH):
        async with unit_of_work(pair.one.tenant_id) as unit:
            await unit.connection.run(f"SET LOCAL ROLE {role}")
            for partition in pair.partitions:
                for sql in (
                    f'SELECT FROM "{partition}"',
                    f'UPDATE "{partition}" SET tenant_id = tenant_id',
                    f'DELETE FROM "{partition}"',
                    f'INSERT INTO "{partition}" DEFAULT VALUES',
                ):
                    outcome = await tried(unit.connection, sql)
                    if not _has_no_right(outcome):
                        leaks.append(Leak(partition, f"{role} {sql.split()[0]}", repr(outcome)))
    return leaks


async def reads_as_report(pair: Pair, places: Places) -> list[Leak]:
    """The report role is bound by the same policies."""
    leaks = []
    report_dsn = places.app_dsn.replace("shuke_app@", "shuke_report@")
    async with connection_to(report_dsn) as report:
        assert await report.fetchval("SELECT current_user") == "shuke_report"
        for own in (None, pair.one.tenant_id):
            if own is not None:
                await report.execute(f"SET shuke.tenant_id = '{own}'")
            for table in pair.tables:
                rows = await report.fetch(f'SELECT DISTINCT tenant_id FROM "{table}"')
                if [row["tenant_id"] for row in rows] != ([own] if own else []):
                    leaks.append(Leak(table, "report", f"{len(rows)} tenants"))
    return leaks


async def table_leaks(pair: Pair, places: Places) -> list[Leak]:
    """All probes of tables."""
    return [
        *await reads_of_others(pair),
        *await writes_to_others(pair),
        *await reads_without_tenant(pair, places),
        *await reads_as_dispatch(pair),
        *await writes_as_dispatch(pair),
        *await reaches_into_partitions(pair),
        *await reads_as_report(pair, places),
    ]
