"""A unit of work belongs to one tenant from its first to its last statement, and leaves nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.support.scratch import connection_to, own_pool
from tests.support.shop import Shop, open_shop

from shuke_core.kit import lone
from shuke_core.kit.engine import ShukeClient, SwallowedFailure
from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import (
    NoUnitOfWork,
    UnitOfWorkOpen,
    current_tenant,
    current_unit,
    directory_work,
    dispatch_work,
    fetch,
    read,
    read_value_apart,
    unit_of_work,
)
from shuke_core.places import Places
from shuke_core.runtime import Runtime
from shuke_core.tenants.models import Store
from shuke_core.tenants.queries import stores_by_code, this_tenant

_STORES = "SELECT id FROM store WHERE tenant_id = $1"
_STATE = """
SELECT nullif(current_setting('shuke.tenant_id', true), '') AS tenant, current_user::text AS role,
       session_user::text AS session, current_setting('transaction_read_only') AS read_only,
       pg_current_xact_id_if_assigned() IS NULL AS fresh,
       (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
       (SELECT count(*) FROM pg_class WHERE relpersistence = 't') AS temporary,
       (SELECT count(*) FROM store) AS stores
"""
_CLEAN = {
    "tenant": None,
    "role": "shuke_app",
    "session": "shuke_app",
    "read_only": "off",
    "fresh": True,
    "locks": 0,
    "temporary": 0,
    "stores": 0,
}


async def test_a_unit_for_another_tenant_can_not_open_inside(shop: Shop, other_shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(UnitOfWorkOpen) as refused:
            async with unit_of_work(other_shop.tenant_id):
                pass
        assert refused.value.facts == {
            "open_for": shop.tenant_id,
            "wanted_for": other_shop.tenant_id,
        }
        for opened in (directory_work(), dispatch_work()):
            with pytest.raises(UnitOfWorkOpen):
                async with opened:
                    pass
        assert current_tenant() == shop.tenant_id
        assert len(await fetch("SELECT id FROM store WHERE tenant_id = $1")) == 2


async def test_a_task_that_outlives_its_unit_finds_none(shop: Shop) -> None:
    closed = asyncio.Event()
    found: list[type[BaseException]] = []

    async def latecomer() -> None:
        assert current_tenant() == shop.tenant_id
        await closed.wait()
        for ask in (_own_stores, _ask_unit):
            try:
                await ask()
            except NoUnitOfWork as none:
                found.append(type(none))

    async with unit_of_work(shop.tenant_id):
        task = asyncio.create_task(latecomer())
        await asyncio.sleep(0)
    closed.set()
    await task
    assert found == [NoUnitOfWork, NoUnitOfWork]


async def _own_stores() -> object:
    return await fetch("SELECT id FROM store WHERE tenant_id = $1")


async def _ask_unit() -> object:
    return current_unit()


async def test_only_a_uuid_opens_a_unit() -> None:
    with pytest.raises(TypeError):
        async with unit_of_work("x'; SET ROLE postgres; --"):  # type: ignore[arg-type]
            pass


@pytest.mark.slow
async def test_twenty_tenants_at_once_never_see_each_other(runtime: Runtime) -> None:
    shops = [
        await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=None)
        for _ in range(20)
    ]
    draw = Random(20)  # noqa: S311
    backends: set[int] = set()

    async def look(shop: Shop, way: int) -> set[UUID]:
        async with unit_of_work(shop.tenant_id, waits=way >= 5) as unit:
            if way >= 5:  # alone, with a pause within the unit or none
                rows = await read("SELECT tenant_id FROM store WHERE $1::uuid IS NOT NULL")
                await asyncio.sleep(draw.random() / 1000 * (way - 5))
                rows += await read("SELECT tenant_id FROM store WHERE $1::uuid IS NOT NULL")
                return {row["tenant_id"] for row in rows}
            if way == 0:
                rows = await unit.connection.fetch(
                    "SELECT tenant_id, pg_backend_pid() AS backend FROM store"
                )
                backends.update(row["backend"] for row in rows)
                return {row["tenant_id"] for row in rows}
            if way == 1:
                return {store.tenant_id for store in await Store.all()}
            if way == 2:
                assert (await this_tenant()).slug == shop.slug
            await asyncio.sleep(draw.random() / 1000)
            found = await stores_by_code(["S1", "S2"])
            return {(await Store.get(id=store_id)).tenant_id for store_id in found.values()}

    async def fail(shop: Shop) -> set[UUID]:
        with suppress(ValueError):
            async with unit_of_work(shop.tenant_id):
                await _own_stores()
                raise ValueError("made up")
        return {shop.tenant_id}

    wanted = [(draw.choice(shops), draw.randrange(7)) for _ in range(2_800)]
    async with own_pool(runtime.places, 8) as client:
        seen = await asyncio.gather(
            *(fail(shop) if way == 4 else look(shop, way) for shop, way in wanted)
        )
        assert client._pool is not None
        assert client._pool.get_size() == 8
    assert seen == [{shop.tenant_id} for shop, _ in wanted]
    assert len(backends) == 8


@dataclass(frozen=True, slots=True)
class OneConnection:
    """A pool of a single connection, so that whoever comes next gets what was left."""

    client: ShukeClient

    async def left_behind(self) -> dict[str, Any]:
        """The session as the next one finds it."""
        assert self.client._pool is not None
        async with self.client._pool.acquire() as raw:
            assert not raw.is_in_transaction()
            return dict(await raw.fetchrow(_STATE))


Work = Callable[[UUID], Awaitable[None]]


async def _commits(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id):
        await _own_stores()


async def _reads_alone(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id, waits=True) as unit:
        assert len(await read(_STORES)) == 2
        assert not unit.connection.has_begun


async def _reads_alone_and_begins_then(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id, waits=True) as unit:
        assert len(await read(_STORES)) == 2
        await _own_stores()
        assert unit.connection.has_begun
        assert len(await read(_STORES)) == 2


async def _waits_and_says_nothing(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id, waits=True):
        pass


async def _fails_alone(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id, waits=True):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await read("SELECT 1 / 0, $1::uuid")
        assert len(await read(_STORES)) == 2


async def _writes_alone(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id, waits=True):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await read("UPDATE store SET name = 'x' WHERE tenant_id = $1 RETURNING id")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await read("SELECT id FROM store WHERE tenant_id = $1 FOR UPDATE")


async def _says_alone_what_is_no_value(tenant_id: UUID) -> None:
    """The driver refuses the value when the tenant has gone ahead: nothing of it may be left."""
    async with unit_of_work(tenant_id, waits=True):
        with pytest.raises(asyncpg.DataError):
            await read("SELECT 1 WHERE $1::uuid IS NOT NULL AND $2::int4 > 0", 1 << 40)
        assert len(await read(_STORES)) == 2


async def _is_cancelled_alone(tenant_id: UUID) -> None:
    async def long() -> None:
        async with unit_of_work(tenant_id, waits=True):
            await read("SELECT pg_sleep(30), $1::uuid")

    task = asyncio.create_task(long())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _is_cancelled_alone_and_goes_on(tenant_id: UUID) -> None:
    async with unit_of_work(tenant_id, waits=True):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await read("SELECT pg_sleep(30), $1::uuid")
        assert len(await read(_STORES)) == 2


async def _reads_apart_what_fails_and_what_is_late(tenant_id: UUID) -> None:
    """Nothing of it reaches what the unit reads and writes after it."""
    async with unit_of_work(tenant_id, waits=True) as unit:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await read_value_apart(10, "SELECT 1 / (count(*) - 2) FROM store WHERE tenant_id = $1")
        assert len(await read(_STORES)) == 2
        with pytest.raises(TimeoutError):
            await read_value_apart(0.1, "SELECT pg_sleep(30), $1::uuid")
        assert len(await read(_STORES)) == 2
        assert not unit.connection.has_begun
        with pytest.raises(TimeoutError):
            await read_value_apart(0.1, "SELECT pg_sleep(30), $1::uuid")
        await fetch("UPDATE store SET name = name WHERE tenant_id = $1")
        with pytest.raises(TimeoutError):
            await read_value_apart(0.1, "SELECT pg_sleep(30), $1::uuid")
        assert len(await read(_STORES)) == 2


async def _reads_apart_and_is_late_at_any_moment(tenant_id: UUID) -> None:
    late = step = 0
    while late < 60:
        async with unit_of_work(tenant_id, waits=True):
            try:
                await read_value_apart(step % 50 * 3e-5, _STORES)
            except TimeoutError:
                late += 1
            assert len(await read(_STORES)) == 2
        step += 1


async def _is_cancelled_alone_at_any_moment(tenant_id: UUID) -> None:
    async def short() -> None:
        async with unit_of_work(tenant_id, waits=True):
            assert len(await read(_STORES)) == 2

    await short()
    cancelled = step = 0
    while cancelled < 60:
        task = asyncio.create_task(short())
        await asyncio.sleep(step % 50 * 3e-5)
        step += 1
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            cancelled += 1


async def _ends_while_a_task_still_asks_alone(tenant_id: UUID) -> None:
    """Nobody gets a connection on which somebody else waits for an answer."""
    asking: list[asyncio.Task[object]] = []
    async with unit_of_work(tenant_id, waits=True):
        asking.append(asyncio.create_task(read("SELECT pg_sleep(0.3), $1::uuid")))
        await asyncio.sleep(0.05)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await asking[0]


async def _loses_its_backend_alone(tenant_id: UUID) -> None:
    with pytest.raises(asyncpg.PostgresConnectionError):
        async with unit_of_work(tenant_id, waits=True):
            await read("SELECT pg_terminate_backend(pg_backend_pid()), $1::uuid")


async def _loses_its_backend_alone_and_swallows_it(tenant_id: UUID) -> None:
    """As the COMMIT of one that has begun would tell."""

    async def lose_and_swallow() -> None:
        async with unit_of_work(tenant_id, waits=True):
            with suppress(asyncpg.PostgresConnectionError):
                await read("SELECT pg_terminate_backend(pg_backend_pid()), $1::uuid")

    with pytest.raises(DatabaseAway):
        await lose_and_swallow()


async def _reads_alone_what_was_migrated_meanwhile(tenant_id: UUID) -> None:
    """A prepared statement whose columns have changed is prepared again, with the tenant ahead."""
    kept = "SELECT * FROM kept_open WHERE $1::uuid IS NOT NULL AND (SELECT count(*) FROM store) > 0"
    async with unit_of_work(tenant_id, waits=True):
        await fetch("CREATE TEMP TABLE kept_open AS SELECT 1 AS one, $1::uuid AS tenant")
    try:
        for columns in (2, 3):
            async with unit_of_work(tenant_id, waits=True):
                (row,) = await read(kept)
                assert len(row) == columns
            if columns == 2:
                async with unit_of_work(tenant_id) as unit:
                    await unit.connection.run("ALTER TABLE kept_open ADD more int")
    finally:
        async with unit_of_work(tenant_id) as unit:
            await unit.connection.run("DROP TABLE kept_open")


async def _fails(tenant_id: UUID) -> None:
    async def change_and_fail() -> None:
        async with unit_of_work(tenant_id):
            await fetch("UPDATE store SET name = 'x' WHERE tenant_id = $1")
            raise ValueError("made up")

    with pytest.raises(ValueError, match="made up"):
        await change_and_fail()


async def _fails_in_a_statement(tenant_id: UUID) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with unit_of_work(tenant_id):
            await fetch("SELECT 1 / 0, $1::uuid")


async def _is_cancelled_in_a_query(tenant_id: UUID) -> None:
    async def long() -> None:
        async with unit_of_work(tenant_id):
            await fetch("SELECT pg_sleep(30), $1::uuid")

    task = asyncio.create_task(long())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _is_cancelled_at_any_moment(tenant_id: UUID) -> None:
    """Thirty microseconds apart: the cancellation falls into BEGIN, queries and COMMIT alike."""

    async def short() -> None:
        async with unit_of_work(tenant_id):
            await _own_stores()

    await short()
    cancelled = step = 0
    while cancelled < 60:
        task = asyncio.create_task(short())
        await asyncio.sleep(step % 50 * 3e-5)
        step += 1
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            cancelled += 1


async def _swallows_a_failure(tenant_id: UUID) -> None:
    async def change_and_swallow() -> None:
        async with unit_of_work(tenant_id):
            await fetch("UPDATE store SET name = 'lost' WHERE tenant_id = $1")
            with suppress(asyncpg.DivisionByZeroError):
                await fetch("SELECT 1 / 0, $1::uuid")

    with pytest.raises(SwallowedFailure):
        await change_and_swallow()
    async with unit_of_work(tenant_id):
        rows = await fetch("SELECT name FROM store WHERE tenant_id = $1 ORDER BY code")
    assert [row["name"] for row in rows] == ["一店", "二店"]


async def _fails_as_dispatch(tenant_id: UUID) -> None:
    async def look_and_fail() -> None:
        async with dispatch_work() as unit:
            await unit.connection.fetch("SELECT count(*) FROM inbox")
            raise ValueError("made up")

    with pytest.raises(ValueError, match="made up"):
        await look_and_fail()


async def _is_refused_as_dispatch(tenant_id: UUID) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with dispatch_work() as unit:
            await unit.connection.fetch("SELECT payload FROM event")


async def _writes_into_the_directory(tenant_id: UUID) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with directory_work() as unit:
            await unit.connection.fetch("INSERT INTO store (tenant_id) VALUES (NULL)")


async def _fails_while_a_task_still_asks(tenant_id: UUID) -> None:
    async def ask() -> None:
        await fetch("SELECT pg_sleep(0.3), $1::uuid")

    asking: list[asyncio.Task[None]] = []

    async def leave_it_alone() -> None:
        async with unit_of_work(tenant_id):
            asking.append(asyncio.create_task(ask()))
            await asyncio.sleep(0.05)
            raise ValueError("made up")

    with pytest.raises(ValueError, match="made up"):
        await leave_it_alone()
    with pytest.raises(asyncpg.PostgresConnectionError):
        await asking[0]


async def _loses_its_backend(tenant_id: UUID) -> None:
    with pytest.raises(asyncpg.PostgresConnectionError):
        async with unit_of_work(tenant_id):
            await fetch("SELECT pg_terminate_backend(pg_backend_pid()), $1::uuid")


@pytest.mark.parametrize(
    "work",
    [
        _commits,
        _reads_alone,
        _reads_alone_and_begins_then,
        _waits_and_says_nothing,
        _fails_alone,
        _writes_alone,
        _says_alone_what_is_no_value,
        _is_cancelled_alone,
        _is_cancelled_alone_and_goes_on,
        _reads_apart_what_fails_and_what_is_late,
        _reads_apart_and_is_late_at_any_moment,
        _is_cancelled_alone_at_any_moment,
        _ends_while_a_task_still_asks_alone,
        _loses_its_backend_alone,
        _loses_its_backend_alone_and_swallows_it,
        _reads_alone_what_was_migrated_meanwhile,
        _fails,
        _fails_in_a_statement,
        _is_cancelled_in_a_query,
        _is_cancelled_at_any_moment,
        _swallows_a_failure,
        _fails_as_dispatch,
        _is_refused_as_dispatch,
        _writes_into_the_directory,
        _fails_while_a_task_still_asks,
        _loses_its_backend,
    ],
    ids=lambda work: work.__name__.strip("_"),
)
async def test_a_unit_that(work: Work, places: Places, shop: Shop) -> None:
    async with own_pool(places, 1) as client:
        await work(shop.tenant_id)
        assert await OneConnection(client).left_behind() == _CLEAN
        async with unit_of_work(shop.tenant_id):
            assert len(await fetch("SELECT id FROM store WHERE tenant_id = $1")) == 2


async def test_a_session_state_that_was_left_would_be_seen(places: Places, shop: Shop) -> None:
    """The check above can fail: a session-wide setting is found by it."""
    async with own_pool(places, 1) as client:
        await _commits(shop.tenant_id)
        assert client._pool is not None
        async with client._pool.acquire() as raw:
            await raw.execute(f"SET shuke.tenant_id = '{shop.tenant_id}'")
        left = await OneConnection(client).left_behind()
    assert left == {**_CLEAN, "tenant": str(shop.tenant_id), "stores": 2}


async def test_a_tenant_told_to_the_session_would_be_seen(
    places: Places, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes ahead of a lone read is for its transaction only; a variant that is not is found."""
    told = lone._TELL.replace("$1, true", "$1, false")
    assert told != lone._TELL
    monkeypatch.setattr(lone, "_TELL", told)
    async with own_pool(places, 1) as client:
        await _reads_alone(shop.tenant_id)
        left = await OneConnection(client).left_behind()
    assert left == {**_CLEAN, "tenant": str(shop.tenant_id), "stores": 2}


async def test_a_malformed_tenant_setting_sees_nothing(places: Places, shop: Shop) -> None:
    async with connection_to(places.app_dsn) as plain:
        await plain.execute("SET shuke.tenant_id = 'everybody'")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await plain.fetch("SELECT id FROM store")
        await plain.execute(f"SET shuke.tenant_id = '{new_id()}'")
        assert await plain.fetch("SELECT id FROM store") == []
