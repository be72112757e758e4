"""Tortoise's PostgreSQL client, narrowed: every statement runs inside a unit of work.

Named as the `engine` of the app's connection. `BEGIN` travels with what the unit sets, in one
simple-query trip. No session state outlives a transaction (all is SET LOCAL), so the round trip
with which asyncpg resets a released connection is left out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.connection import get_connection, get_connections

from shuke_core.kit.faults import DatabaseAway

CONNECTION = "default"


class OutsideUnitOfWork(RuntimeError):
    """Somebody asked the database without a unit of work: a fault of the program."""


class SwallowedFailure(RuntimeError):
    """The unit went on after a failed statement; PostgreSQL has rolled all of it back."""


class _SessionlessConnection(asyncpg.Connection):  # type: ignore[misc]
    def get_reset_query(self) -> str:
        return ""


class UnitConnection(TransactionWrapper):
    """The connection of one open unit: Tortoise's queries and ours share it, one after another."""

    async def fetch(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of one statement; errors stay asyncpg's own, with constraint and code."""
        async with self.acquire_connection() as connection:
            return [dict(row) for row in await connection.fetch(sql, *values)]

    async def run(self, script: str) -> None:
        """One simple-query trip, without values."""
        async with self.acquire_connection() as connection:
            await connection.execute(script)


def _is_lost(raw: asyncpg.Connection) -> bool:
    try:
        return bool(raw.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True


@asynccontextmanager
async def _transaction(raw: asyncpg.Connection, prologue: str) -> AsyncIterator[None]:
    """BEGIN with `prologue` in one trip, COMMIT at the end; ROLLBACK on whatever else ends it."""
    try:
        await raw.execute(f"BEGIN; {prologue}")
        yield
        # PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
        if await raw.execute("COMMIT") != "COMMIT":
            raise SwallowedFailure("a statement failed inside the unit and was ignored")
    except BaseException as failure:
        lost = _is_lost(raw)
        if not lost and raw.is_in_transaction():
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                try:
                    await raw.execute("ROLLBACK")
                except asyncpg.InterfaceError:  # lost just now, or a task still asks on it
                    raw.terminate()
        if lost and isinstance(failure, asyncpg.InterfaceError | OSError):
            raise DatabaseAway(str(failure)) from failure
        raise


class ShukeClient(AsyncpgDBClient):
    """The app's client. `unit` is its only door; anything else raises."""

    connection_class = _SessionlessConnection

    @asynccontextmanager
    async def unit(self, prologue: str) -> AsyncIterator[UnitConnection]:
        """A transaction whose BEGIN and `prologue` are one trip; model queries inside join it."""
        unit = UnitConnection(self)
        raw = await self._reach()
        try:
            unit._connection = raw
            token = get_connections().set(self.connection_name, unit)
            try:
                async with _transaction(raw, prologue):
                    yield unit
            finally:
                get_connections().reset(token)
        finally:
            assert self._pool is not None  # noqa: S101
            await self._pool.release(raw)

    async def _reach(self) -> asyncpg.Connection:
        """A connection of the pool; raises DatabaseAway while there is none to be had."""
        try:
            if self._pool is None:
                async with self._pool_init_lock:
                    if self._pool is None:
                        await self.create_connection(with_db=True)
            assert self._pool is not None  # noqa: S101
            return await self._pool.acquire()
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
