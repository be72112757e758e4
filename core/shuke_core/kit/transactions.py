"""The unit of work: the one way into the database, one tenant, one transaction.

`BEGIN` and the tenant of row-level security travel in the same round trip. Everything a request
or a job does happens in one unit; what must happen afterwards is registered here and runs only
once the commit has succeeded.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from random import uniform
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import DeadlockDetectedError, SerializationError

from shuke_core.kit.engine import ShukeClient, UnitConnection, app_client
from shuke_core.kit.errors import ShukeError

Result = TypeVar("Result")
Row = dict[str, Any]

_ATTEMPTS = 5


class NoUnitOfWork(ShukeError):
    code = "NO_UNIT_OF_WORK"
    sentence = "{what} needs an open unit of work; open one with unit_of_work(tenant_id)."


class UnitOfWorkOpen(ShukeError):
    code = "UNIT_OF_WORK_OPEN"
    sentence = "A unit of work for {open_for} is open; one for {wanted_for} can't open inside it."


@dataclass(slots=True)
class UnitOfWork:
    """One open transaction. `tenant_id` is None only for the directory of tenants and dispatch."""

    tenant_id: UUID | None
    connection: UnitConnection
    before_commit: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    is_open: bool = True


_current: ContextVar[UnitOfWork | None] = ContextVar("shuke_unit_of_work", default=None)


def current_unit() -> UnitOfWork:
    """The open unit of work. A task that outlives its unit finds none, instead of a dead one."""
    unit = _current.get()
    if unit is None or not unit.is_open:
        raise NoUnitOfWork(what="This call")
    return unit


def current_tenant() -> UUID:
    """The tenant of the open unit of work."""
    tenant_id = current_unit().tenant_id
    if tenant_id is None:
        raise NoUnitOfWork(what="A tenant's data")
    return tenant_id


@asynccontextmanager
async def _unit(tenant_id: UUID | None, prologue: str) -> AsyncIterator[UnitOfWork]:
    outer = _current.get()
    if outer is not None and outer.is_open:
        raise UnitOfWorkOpen(open_for=outer.tenant_id, wanted_for=tenant_id)
    client: ShukeClient = app_client()
    async with client.unit(prologue) as connection:
        unit = UnitOfWork(tenant_id, connection)
        token = _current.set(unit)
        try:
            yield unit
            for act in unit.before_commit:
                await act()
        finally:
            unit.is_open = False
            _current.reset(token)
    for follow_up in unit.after_commit:
        follow_up()


@asynccontextmanager
async def unit_of_work(tenant_id: UUID) -> AsyncIterator[UnitOfWork]:
    """Opens the transaction of one tenant. Commits at the end, rolls back on any exception."""
    if not isinstance(tenant_id, UUID):  # it is written into the statement, so nothing else may be
        raise TypeError("unit_of_work takes the tenant's UUID")
    async with _unit(tenant_id, f"SET LOCAL shuke.tenant_id = '{tenant_id}'") as unit:
        yield unit


@asynccontextmanager
async def directory_work() -> AsyncIterator[UnitOfWork]:
    """Opens a read-only transaction without a tenant: it sees the directory of tenants only."""
    async with _unit(None, "SET LOCAL transaction_read_only = on") as unit:
        yield unit


@asynccontextmanager
async def dispatch_work() -> AsyncIterator[UnitOfWork]:
    """Opens a read-only transaction as the dispatch role: tenant, state and due time of queues."""
    async with _unit(
        None, "SET LOCAL transaction_read_only = on; SET LOCAL ROLE shuke_dispatch"
    ) as unit:
        yield unit


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """A part of the unit that can fail alone: an exception undoes what the block did, and goes on.

    Also what the block wanted to happen at or after the commit.
    """
    unit = current_unit()
    before, after = list(unit.before_commit), list(unit.after_commit)
    notes = {name: copy(note) for name, note in unit.notes.items()}
    await unit.connection.run("SAVEPOINT part")
    try:
        yield
    except BaseException:
        unit.before_commit[:], unit.after_commit[:], unit.notes = before, after, notes
        await unit.connection.run("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
        raise
    await unit.connection.run("RELEASE SAVEPOINT part")


async def in_unit_of_work(tenant_id: UUID, work: Callable[[], Awaitable[Result]]) -> Result:
    """Runs `work` in its own unit, again from the start when PostgreSQL lost it to a conflict.

    Serialisation failures and deadlocks are retried, five attempts in all; `work` must therefore
    do nothing outside the database.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with unit_of_work(tenant_id):
                return await work()
        except (SerializationError, DeadlockDetectedError):
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(uniform(0, 0.02 * 2**attempt))  # noqa: S311
    raise AssertionError("unreachable")


async def fetch(sql: str, *values: object) -> list[Row]:
    """Runs one statement of the current tenant and returns its rows.

    `$1` is always the tenant, handed in by this function; `values` start at `$2`. A statement that
    forgets to say `tenant_id = $1` is refused by PostgreSQL, which can't tell the type of `$1`.
    """
    unit = current_unit()
    return await unit.connection.fetch(sql, current_tenant(), *values)


async def fetch_one(sql: str, *values: object) -> Row | None:
    """The first row of `fetch`, or None."""
    rows = await fetch(sql, *values)
    return rows[0] if rows else None


async def fetch_across(sql: str, *values: object) -> list[Row]:
    """A statement outside any one tenant: the directory, or the queues seen as dispatch."""
    unit = current_unit()
    if unit.tenant_id is not None:
        raise UnitOfWorkOpen(open_for=unit.tenant_id, wanted_for="all tenants")
    return await unit.connection.fetch(sql, *values)
