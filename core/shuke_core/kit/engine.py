"""Tortoise's PostgreSQL client, narrowed: every statement runs inside a unit of work.

Named as the `engine` of the app's connection. `BEGIN` travels with what the unit sets, in one
simple-query trip. A unit that waits has not even begun before a statement needs it; what only reads
goes alone until then. No session state outlives a transaction (all is SET LOCAL).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import ConnectionWrapper
from tortoise.connection import get_connection, get_connections

from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.lone import LoneConnection
from shuke_core.kit.metrics import POOL_WAIT, ROW_SECURITY_DENIALS

CONNECTION = "default"


class OutsideUnitOfWork(RuntimeError):
    """Somebody asked the database without a unit of work: a fault of the program."""


class SwallowedFailure(RuntimeError):
    """The unit went on after a failed statement; PostgreSQL has rolled all of it back."""


class _Ended:
    """Stands in for the connection of a unit that is over: a task that outlived it gets nothing."""

    def __getattr__(self, name: str) -> Any:
        raise OutsideUnitOfWork("a task has outlived its unit of work")


# The unit whose savepoint the running task is in, and the order of the statements in there.
_part: ContextVar[tuple[TransactionWrapper, asyncio.Lock] | None] = ContextVar(
    "shuke_part", default=None
)


class _Turn(ConnectionWrapper[Any]):
    """A turn of Tortoise's queries: the transaction has begun by then."""

    async def ensure_connection(self) -> None:
        try:
            await self.client.begin()  # type: ignore[attr-defined]
        except BaseException:
            self._lock.release()
            raise


class UnitConnection(TransactionWrapper):
    """The connection of one open unit: Tortoise's queries and ours share it, one after another.

    `opening` begins its transaction; while it `is_fresh` nothing else was said in it. `alone_as` is
    the tenant of what is read before it `has_begun`. `mark` stands before its statements: PostgreSQL
    plans a statement anew when another role runs it, so a narrowed unit has prepared statements of
    its own.
    """

    opening = ""
    alone_as: UUID | None = None
    has_begun = False
    is_fresh = True
    mark = ""

    def acquire_connection(self) -> Any:
        """Waits for this task's turn: for the statement before, and for any part of other tasks."""
        self.is_fresh = False
        return _Turn(self._turns(), self)

    async def begin(self) -> None:
        """Begins the transaction unless it has begun; for whoever's turn it is."""
        if not self.has_begun:
            self.has_begun = True  # also if it is cancelled: what is half begun ends by ROLLBACK
            await self._connection.execute(self.opening)

    def end(self) -> tuple[asyncpg.Connection, bool]:
        """The connection, for what ends the transaction, and whether a task still asks on it. Whoever's
        turn comes from now on finds none."""
        raw, self._connection = self._connection, _Ended()
        return raw, self._lock.locked()

    def _turns(self) -> asyncio.Lock:
        holder = _part.get()
        return holder[1] if holder is not None and holder[0] is self else self._lock

    @property
    def is_in_part(self) -> bool:
        """Whether the running task is in a part, whose failure would undo what is set in it."""
        holder = _part.get()
        return holder is not None and holder[0] is self

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """A savepoint that has the connection to itself until it ends.

        Fields of one document run side by side. Without this a statement of one could fall between
        another's failed statement and its rollback, and two savepoints could end each other.
        Where nothing was said before, the transaction itself can be begun anew: a savepoint and its
        end are two trips. It has begun by then: what is undone together is one transaction.
        """
        async with self._turns():
            await self.begin()
            token = _part.set((self, asyncio.Lock()))
            is_first, self.is_fresh = self.is_fresh, False
            try:
                if not is_first:
                    await self.run("SAVEPOINT part")
                try:
                    yield
                except BaseException:
                    if is_first:
                        await self.run(f"ROLLBACK; {self.opening}")
                    else:
                        await self.run("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
                    raise
                if not is_first:
                    await self.run("RELEASE SAVEPOINT part")
            finally:
                _part.reset(token)

    async def fetch(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of one statement; errors stay asyncpg's own, with constraint and code."""
        self.is_fresh = False
        async with self._turns():
            await self.begin()
            return [dict(row) for row in await self._connection.fetch(self.mark + sql, *values)]

    async def fetch_value(self, sql: str, *values: object) -> Any:
        """The one value that a statement gives."""
        self.is_fresh = False
        async with self._turns():
            await self.begin()
            return await self._connection.fetchval(self.mark + sql, *values)

    async def read(self, sql: str, *values: object) -> Sequence[asyncpg.Record]:
        """Rows of a statement that only reads. It goes alone while the unit waits."""
        async with self._turns():
            if self.has_begun:
                self.is_fresh = False
                return await self._connection.fetch(self.mark + sql, *values)  # type: ignore[no-any-return]
            return await self._alone(sql, values)

    async def _alone(self, sql: str, values: Sequence[object]) -> Sequence[asyncpg.Record]:
        """A read as a transaction of its own. A lost connection is the pool's already, which leaves
        nothing behind its name; it fails as any statement on it does."""
        if self._connection._con is None:
            raise asyncpg.InterfaceError("the connection was lost")
        return await self._connection.fetch_alone(self.alone_as, sql, values)  # type: ignore[no-any-return]

    async def read_apart(
        self, seconds: float, sql: str, *values: object
    ) -> Sequence[asyncpg.Record]:
        """Rows of a statement that only reads, and that may fail or be late: raises what it raised, or
        TimeoutError, and the unit goes on as if it had not been asked.

        The clock starts with its turn. While the unit waits it goes alone, so there is nothing to undo:
        a transaction of its own has failed. Otherwise it is a part.
        """
        async with self._turns():
            if not self.has_begun:
                async with asyncio.timeout(seconds):
                    return await self._alone(sql, values)
        async with self.part(), asyncio.timeout(seconds):
            return await self.read(sql, *values)

    async def run(self, script: str) -> None:
        """One simple-query trip, without values."""
        self.is_fresh = False
        async with self._turns():
            await self.begin()
            await self._connection.execute(script)


def _is_lost(raw: asyncpg.Connection) -> bool:
    try:
        return bool(raw.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True


async def _roll_back(raw: asyncpg.Connection, failure: BaseException) -> None:
    """After whatever ended a transaction but its commit; raises DatabaseAway for a lost server."""
    if isinstance(failure, asyncpg.InsufficientPrivilegeError):
        ROW_SECURITY_DENIALS.inc()
    lost = _is_lost(raw)
    if not lost and raw.is_in_transaction():
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            try:
                await raw.execute("ROLLBACK")
            except asyncpg.InterfaceError:  # lost just now, or a task still asks on it
                raw.terminate()
    if lost and isinstance(failure, asyncpg.InterfaceError | OSError):
        raise DatabaseAway(str(failure)) from failure


class OpenTransaction:
    """BEGIN with `prologue` in one trip, COMMIT at the end; ROLLBACK on whatever else ends it.

    With `alone_as` it waits, as `UnitConnection` says; what has not begun needs no end. Model queries
    inside join it. A class, since every request opens one: generators within generators cost as much
    as the two trips.
    """

    __slots__ = ("_alone_as", "_client", "_others", "_prologue", "_token", "_unit")

    def __init__(self, client: "ShukeClient", prologue: str, alone_as: UUID | None) -> None:
        self._client, self._prologue, self._alone_as = client, prologue, alone_as

    async def __aenter__(self) -> UnitConnection:
        raw = await self._client.take()
        try:
            self._unit = unit = UnitConnection(self._client)
            unit._connection = raw
            self._others = get_connections()
            unit.opening = f"BEGIN; {self._prologue}"
            unit.alone_as = self._alone_as
            if unit.alone_as is None or not (self._client.reads_go_alone and raw.may_go_alone):
                await unit.begin()
            self._token = self._others.set(CONNECTION, unit)
        except BaseException as failure:
            await self._undo(raw, failure)
            raise
        return unit

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, _: object
    ) -> None:
        raw, is_busy = self._unit.end()
        self._others.reset(self._token)
        if failure is not None or is_busy:
            await self._undo(raw, failure, is_busy=is_busy)
            if failure is None and self._unit.has_begun:
                raise OutsideUnitOfWork("a unit has ended around a task that still asked in it")
            return
        if not self._unit.has_begun:
            lost = _is_lost(raw)
            await self._client.give_back(raw)
            if lost:  # whoever read it may have taken it for a fault of a field
                raise DatabaseAway("the connection was lost in the middle of a unit")
            return
        try:
            # PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
            if await raw.execute("COMMIT") != "COMMIT":
                raise SwallowedFailure("a statement failed inside the unit and was ignored")
        except BaseException as failed:
            await self._undo(raw, failed)
            raise
        await self._client.give_back(raw)

    async def _undo(
        self, raw: asyncpg.Connection, failure: BaseException | None, *, is_busy: bool = False
    ) -> None:
        """Where a task is in the middle of a statement the connection is closed: nobody else may have
        it, and PostgreSQL rolls back what a lost connection had open."""
        try:
            if is_busy:
                with suppress(asyncpg.InterfaceError):  # lost, and taken back already
                    raw.terminate()
            elif failure is not None:
                await _roll_back(raw, failure)
        finally:
            await self._client.release(raw)


class ShukeClient(AsyncpgDBClient):
    """The app's client. `unit` is its only door; anything else raises.

    Where not all that is set reaches all servers behind it, no reads go alone: each unit begins.
    """

    connection_class = LoneConnection
    reads_go_alone = True

    def unit(self, prologue: str, alone_as: UUID | None = None) -> OpenTransaction:
        """A transaction whose BEGIN and `prologue` are one trip; model queries inside join it."""
        return OpenTransaction(self, prologue, alone_as)

    async def give_back(self, raw: asyncpg.Connection) -> None:
        """The connection is the pool's again.

        asyncpg shields its way back by a task of its own, which costs as much as all else of a unit
        that only reads. One that is at rest has nothing to wait for, so nothing can come between.
        """
        assert self._pool is not None  # noqa: S101
        connection: LoneConnection | None = raw._con  # None: it is the pool's already
        if connection is not None and connection.is_at_rest:
            connection._on_release()
            await raw._holder.release(None)
            return
        await self.release(raw)

    async def release(self, raw: asyncpg.Connection) -> None:
        """The connection is the pool's again, once whatever is being cancelled on it has ended."""
        assert self._pool is not None  # noqa: S101
        await self._pool.release(raw)

    async def take(self) -> asyncpg.Connection:
        """A connection of the pool; raises DatabaseAway while there is none to be had."""
        try:
            if self._pool is None:
                async with self._pool_init_lock:
                    if self._pool is None:
                        await self.create_connection(with_db=True)
            assert self._pool is not None  # noqa: S101
            start = perf_counter()
            try:
                return await self._pool.acquire()
            finally:
                POOL_WAIT.observe(perf_counter() - start)
        except (OSError, TimeoutError, asyncpg.InterfaceError) as fault:
            raise DatabaseAway(str(fault) or type(fault).__name__) from fault

    def acquire_connection(self) -> Any:
        raise OutsideUnitOfWork("a query outside of any unit of work; open unit_of_work(tenant_id)")

    def _in_transaction(self) -> Any:
        raise OutsideUnitOfWork("transactions are opened by unit_of_work(tenant_id) only")


client_class = ShukeClient


def app_client() -> ShukeClient:
    """The client that `runtime.running` has opened for this process."""
    client = get_connection(CONNECTION)
    if isinstance(client, UnitConnection):
        client = client._parent
    assert isinstance(client, ShukeClient)  # noqa: S101
    return client
