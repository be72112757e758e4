"""A part of a unit that can fail alone: by a savepoint, or by beginning the transaction anew."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asyncpg import ConnectionDoesNotExistError, DivisionByZeroError, InterfaceError
from tests.support.scratch import connection_to, own_pool
from tests.support.shop import Shop

from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.transactions import (
    current_tenant,
    fetch,
    fetch_value,
    read_value,
    savepoint,
    unit_of_work,
)
from shuke_core.places import Places
from shuke_core.tenants.models import Store

_TENANT = "SELECT current_setting('shuke.tenant_id')::uuid WHERE $1::uuid IS NOT NULL"
_FAILS = "SELECT 1 / 0 WHERE $1::uuid IS NOT NULL"
_RENAMED = "UPDATE store SET name = $2 WHERE tenant_id = $1"
_NAMES = "SELECT DISTINCT name FROM store WHERE tenant_id = $1"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scripts without values that units send, besides their first and last."""
    scripts: list[str] = []
    run = UnitConnection.run

    async def noted(self: UnitConnection, script: str) -> Any:
        scripts.append(script)
        return await run(self, script)

    monkeypatch.setattr(UnitConnection, "run", noted)
    return scripts


async def _renames_and_fails() -> None:
    async with savepoint():
        await fetch(_RENAMED, "Gone")
        await fetch(_FAILS)


async def test_a_part_that_comes_first_needs_no_savepoint(shop: Shop, said: list[str]) -> None:
    async with unit_of_work(shop.tenant_id):
        async with savepoint():
            assert await fetch_value(_TENANT) == shop.tenant_id
        async with savepoint():
            await fetch(_TENANT)
    assert said == ["SAVEPOINT part", "RELEASE SAVEPOINT part"]


async def test_one_that_fails_first_begins_the_unit_anew_for_the_same_tenant(
    shop: Shop, said: list[str]
) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(DivisionByZeroError):
            await _renames_and_fails()
        assert await fetch_value(_TENANT) == shop.tenant_id == current_tenant()
        assert {"name": "Gone"} not in await fetch(_NAMES)
        await fetch(_RENAMED, "Kept")
    assert said == [f"ROLLBACK; BEGIN; SET LOCAL shuke.tenant_id = '{shop.tenant_id}'"]
    async with unit_of_work(shop.tenant_id):
        assert await fetch(_NAMES) == [{"name": "Kept"}]


async def test_a_part_of_a_unit_that_waits_begins_it(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id, waits=True) as unit, savepoint():
        assert unit.connection.has_begun
        assert await read_value(_TENANT) == shop.tenant_id


async def test_a_unit_that_waits_begins_by_a_query_of_a_model(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id, waits=True) as unit:
        assert len(await Store.all()) == 2
        assert unit.connection.has_begun


async def test_where_reads_do_not_go_alone_a_unit_begins_at_once(
    places: Places, shop: Shop
) -> None:
    async with (
        own_pool(places, 1, statement_cache_size=0),
        unit_of_work(shop.tenant_id, waits=True) as unit,
    ):
        assert unit.connection.has_begun
        assert await read_value(_TENANT) == shop.tenant_id
    async with own_pool(places, 1) as client:
        client.reads_go_alone = False
        async with unit_of_work(shop.tenant_id, waits=True) as unit:
            assert unit.connection.has_begun


async def test_what_was_done_before_a_part_outlives_it(shop: Shop, said: list[str]) -> None:
    async with unit_of_work(shop.tenant_id):
        await fetch(_RENAMED, "Before")
        with pytest.raises(DivisionByZeroError):
            await _renames_and_fails()
        assert await fetch(_NAMES) == [{"name": "Before"}]
    assert said == ["SAVEPOINT part", "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part"]


async def test_a_part_that_fails_after_another_ended_keeps_what_that_one_did(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        async with savepoint():
            await fetch(_RENAMED, "First")
        with pytest.raises(DivisionByZeroError):
            await _renames_and_fails()
    async with unit_of_work(shop.tenant_id):
        assert await fetch(_NAMES) == [{"name": "First"}]


Reading = Callable[[UnitConnection, Any], Awaitable[Any]]
READINGS: list[Reading] = [
    lambda unit, tenant: unit.read(_TENANT, tenant),
    lambda unit, tenant: unit.read_apart(5, _TENANT, tenant),
]


@pytest.mark.parametrize("reading", READINGS)
async def test_a_read_on_a_connection_that_was_lost_before_tells_that_the_database_is_away(
    places: Places, shop: Shop, reading: Reading
) -> None:
    async def reads_on() -> None:
        async with unit_of_work(shop.tenant_id, waits=True) as unit:
            pid = (await unit.connection.read("SELECT pg_backend_pid() AS pid"))[0]["pid"]
            async with connection_to(places.admin_dsn or "") as other:
                await other.execute(f"SELECT pg_terminate_backend({pid})")
            await asyncio.sleep(0.3)  # until the pool has taken it back
            for _ in range(2):
                with pytest.raises((InterfaceError, ConnectionDoesNotExistError)):
                    await reading(unit.connection, shop.tenant_id)
            await reading(unit.connection, shop.tenant_id)

    async with own_pool(places, 1):
        with pytest.raises(DatabaseAway):
            await reads_on()
        async with unit_of_work(shop.tenant_id, waits=True):
            assert await read_value(_TENANT) == shop.tenant_id
