"""Reads that go alone keep to their tenant and their connection, whoever is cancelled, late or failing
beside them. Two dozen callers share sixteen connections."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.support.scratch import own_pool
from tests.support.shop import Shop

from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import fetch, read_value, read_value_apart, savepoint, unit_of_work
from shuke_core.places import Places

pytestmark = pytest.mark.slow

CALLERS, UNITS = 24, 120
_TENANT = "current_setting('shuke.tenant_id', true)"
_READS = f"SELECT {_TENANT} /* {{}} */ WHERE $1::uuid IS NOT NULL"
_WAITS = f"SELECT {_TENANT} FROM pg_sleep({{}}) WHERE $1::uuid IS NOT NULL"
_FAILS = "SELECT 1 / (CASE WHEN $1::uuid IS NULL THEN 1 ELSE 0 END) /* {} */"
_TYPED = "SELECT $2::int8 WHERE $1::uuid IS NOT NULL"


class _Fails(Exception):
    """What ends a unit here on purpose."""


class _Caller:
    """Asks in units of either tenant, whatever comes of it; counts what did."""

    def __init__(self, tenants: list[UUID], seed: int, seen: Counter[str]) -> None:
        self._tenants, self._draw, self._seen = tenants, random.Random(seed), seen  # noqa: S311
        self.asking: set[asyncio.Task[None]] = set()  # also those that have outlived their unit

    async def unit(self) -> None:
        tenant = self._draw.choice(self._tenants)
        soon = self._draw.random() * 0.01
        try:
            async with (
                asyncio.timeout(self._draw.choice((60, 60, 0.02, soon))),
                unit_of_work(tenant, waits=True),
            ):
                if self._draw.random() < 0.5:
                    await self._act(tenant)
                    await self._act(tenant)
                else:  # when one fails, the unit ends around the others
                    tasks = [asyncio.create_task(self._act(tenant)) for _ in range(4)]
                    self.asking.update(tasks)
                    await asyncio.gather(*tasks)
        except TimeoutError:
            self._seen["cancelled"] += 1
        except _Fails:
            self._seen["failed"] += 1
        except Exception as fault:  # noqa: BLE001 (whatever it is, it is told)
            self._seen[f"fault: {type(fault).__name__}: {fault}"] += 1

    async def _act(self, tenant: UUID) -> None:
        draw, other = self._draw, self._draw.randrange(400)  # as many statements: some are new
        chance = draw.random()
        if chance < 0.45:
            self._told(tenant, "alone", await read_value(_READS.format(other)))
        elif chance < 0.6:
            seconds = draw.choice((0, 0.001, 0.004, 0.01))
            self._told(tenant, "alone", await read_value(_WAITS.format(seconds)))
        elif chance < 0.7:
            with pytest.raises(asyncpg.DataError):
                await read_value(_TYPED, "no number")
        elif chance < 0.78:
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with savepoint():
                    await fetch(_FAILS.format(other))
        elif chance < 0.86:
            try:
                async with savepoint(), asyncio.timeout(draw.random() * 0.004):
                    await fetch(_WAITS.format(0.01))
            except TimeoutError:
                self._seen["late part"] += 1
        elif chance < 0.89:
            try:
                told = await read_value_apart(draw.random() * 0.004, _WAITS.format(0.002))
                self._told(tenant, "apart", told)
            except TimeoutError:
                self._seen["late apart"] += 1
        elif chance < 0.92:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await read_value(_FAILS.format(other))
            raise _Fails
        else:
            rows = await fetch(_READS.format(other))
            self._told(tenant, "in the unit", rows[0]["current_setting"])

    def _told(self, tenant: UUID, how: str, told: str) -> None:
        self._seen[how if told == str(tenant) else "of another tenant"] += 1


async def _race(shop: Shop, other: Shop) -> Counter[str]:
    seen = Counter[str]()

    async def calls(seed: int) -> None:
        caller = _Caller([shop.tenant_id, other.tenant_id], seed, seen)
        for _ in range(UNITS):
            await caller.unit()
        if caller.asking:
            await asyncio.wait(caller.asking)

    await asyncio.gather(*(calls(seed) for seed in range(CALLERS)))
    return seen


async def test_each_read_is_of_its_tenant_and_no_connection_is_shared(
    shop: Shop, other_shop: Shop
) -> None:
    seen = await _race(shop, other_shop)
    assert {each for each in seen if each.startswith("fault")} == set()
    assert seen["of another tenant"] == 0
    assert (
        min(seen[each] for each in ("alone", "in the unit", "late apart", "cancelled", "failed"))
        > 50
    )


async def test_a_unit_that_lets_go_of_what_its_tasks_still_ask_on_is_found(
    shop: Shop, other_shop: Shop, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On connections of its own, which nobody gets after it: some are left in the middle of something."""

    def lets_go(self: UnitConnection) -> tuple[Any, bool]:
        return self._connection, False

    monkeypatch.setattr(UnitConnection, "end", lets_go)
    async with own_pool(places, 16) as client:
        seen = await _race(shop, other_shop)
        assert client._pool is not None
        client._pool.terminate()
    assert any(each.startswith("fault") for each in seen) or seen["of another tenant"]
