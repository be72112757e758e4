"""The unit of work: the one way into the database, one tenant, one transaction.

`BEGIN` and the tenant of row-level security travel in the same round trip. Everything a request
or a job does happens in one unit; what must happen afterwards is registered here and runs only
once the commit has succeeded. A unit that `waits` begins with the first statement that is more than
a plain read; a request that only reads, by `read` and `read_value`, is done in as many trips.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from random import uniform
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import DeadlockDetectedError, SerializationError

from shuke_core.kit.engine import UnitConnection, app_client
from shuke_core.kit.errors import ShukeError

Result = TypeVar("Result")
Row = dict[str, Any]

_ATTEMPTS = 5
_IDS = re.compile(r"[0-9a-f{},-]*")


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
    # Run last before the commit, and kept although the part of the unit that asked for it fails.
    lasting: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
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


class OpenUnit:
    """Opens a unit around its block: what was to happen before the commit, the commit, the rest.

    A class, as `OpenTransaction` is, since every request goes through it.
    """

    __slots__ = ("_prologue", "_tenant_id", "_token", "_transaction", "_unit", "_waits")

    def __init__(self, tenant_id: UUID | None, prologue: str, *, waits: bool = False) -> None:
        self._tenant_id, self._prologue, self._waits = tenant_id, prologue, waits

    async def __aenter__(self) -> UnitOfWork:
        outer = _current.get()
        if outer is not None and outer.is_open:
            raise UnitOfWorkOpen(open_for=outer.tenant_id, wanted_for=self._tenant_id)
        alone_as = self._tenant_id if self._waits else None
        self._transaction = app_client().unit(self._prologue, alone_as)
        connection = await self._transaction.__aenter__()
        self._unit = UnitOfWork(self._tenant_id, connection)
        self._token = _current.set(self._unit)
        return self._unit

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if failure is None:
            try:
                for act in self._unit.before_commit:
                    await act()
                for act in self._unit.lasting.values():
                    await act()
            except BaseException as failed:
                self._close()
                await self._transaction.__aexit__(type(failed), failed, failed.__traceback__)
                raise
        self._close()
        await self._transaction.__aexit__(kind, failure, trace)
        if failure is None:
            for follow_up in self._unit.after_commit:
                follow_up()

    def _close(self) -> None:
        self._unit.is_open = False
        _current.reset(self._token)


def unit_of_work(tenant_id: UUID, *, waits: bool = False) -> OpenUnit:
    """Opens the transaction of one tenant. Commits at the end, rolls back on any exception.

    One that `waits` begins when a statement needs it. Plain reads before that are transactions of
    their own; each statement of a unit sees what is committed by then in any case.
    """
    if not isinstance(tenant_id, UUID):  # it is written into the statement, so nothing else may be
        raise TypeError("unit_of_work takes the tenant's UUID")
    return OpenUnit(tenant_id, f"SET LOCAL shuke.tenant_id = '{tenant_id}'", waits=waits)


def directory_work() -> OpenUnit:
    """Opens a read-only transaction without a tenant: it sees the directory of tenants only."""
    return OpenUnit(None, "SET LOCAL transaction_read_only = on")


def dispatch_work() -> OpenUnit:
    """Opens a read-only transaction as the dispatch role: tenant, state and due time of queues."""
    return OpenUnit(None, "SET LOCAL transaction_read_only = on; SET LOCAL ROLE shuke_dispatch")


async def narrow_unit(role: str, settings: Mapping[str, str]) -> None:
    """Goes on as a role that sees less, with what its policies read; until the end of the unit.

    Values are ids, written into the statement: nothing else may be handed in. Refused within a part,
    whose rollback would widen the unit again.
    """
    if not all(_IDS.fullmatch(value) for value in settings.values()):
        raise ValueError("a unit is narrowed by ids only")
    said = "".join(f"SET LOCAL {name} = '{value}'; " for name, value in settings.items())
    connection = current_unit().connection
    if connection.is_in_part:
        raise RuntimeError("a unit is narrowed as a whole, not within a savepoint")
    await connection.run(f"{said}SET LOCAL ROLE {role}")
    connection.mark = f"/* {role} */ "


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """A part of the unit that can fail alone: an exception undoes what the block did, and goes on.

    Also what the block wanted to happen at or after the commit.
    """
    unit = current_unit()
    async with unit.connection.part():
        # Only now is it this part's turn: what others noted before belongs to them.
        before, after = list(unit.before_commit), list(unit.after_commit)
        notes = {name: copy(note) for name, note in unit.notes.items()}
        try:
            yield
        except BaseException:
            unit.before_commit[:], unit.after_commit[:], unit.notes = before, after, notes
            raise


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


async def fetch_value(sql: str, *values: object) -> Any:
    """The one value of a statement that gives one row of one column; `$1` is the tenant."""
    return await current_unit().connection.fetch_value(sql, current_tenant(), *values)


async def read(sql: str, *values: object) -> list[Row]:
    """As `fetch`, of a statement that only reads: one that locks or writes is refused by PostgreSQL
    where the unit waits."""
    unit = current_unit()
    return [dict(row) for row in await unit.connection.read(sql, current_tenant(), *values)]


async def read_value(sql: str, *values: object) -> Any:
    """The one value of a statement that only reads; None without a row."""
    rows = await current_unit().connection.read(sql, current_tenant(), *values)
    return rows[0][0] if rows else None


async def read_value_apart(seconds: float, sql: str, *values: object) -> Any:
    """As `read_value`, of a statement that may fail or take longer than `seconds` (TimeoutError): the
    unit goes on as if it had not been asked."""
    unit = current_unit()
    rows = await unit.connection.read_apart(seconds, sql, current_tenant(), *values)
    return rows[0][0] if rows else None


async def fetch_across(sql: str, *values: object) -> list[Row]:
    """A statement outside any one tenant: the directory, or the queues seen as dispatch."""
    unit = current_unit()
    if unit.tenant_id is not None:
        raise UnitOfWorkOpen(open_for=unit.tenant_id, wanted_for="all tenants")
    return await unit.connection.fetch(sql, *values)
