"""Positions have no gaps, become visible in order, and an event gets exactly one."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.events import outbox
from shuke_core.events.outbox import announce
from shuke_core.events.relay import stamp_events
from shuke_core.kit.transactions import fetch, unit_of_work


@dataclass(frozen=True)
class Noted:
    type: ClassVar[str] = "test.noted"
    number: int

    @property
    def entity(self) -> str:
        return f"note:{self.number}"


async def _announce(shop: Shop, *numbers: int) -> None:
    async with unit_of_work(shop.tenant_id):
        for number in numbers:
            announce(Noted(number))


async def _positions(shop: Shop) -> list[int]:
    rows = await shop.rows(
        "SELECT position FROM event WHERE tenant_id = $1 AND position IS NOT NULL ORDER BY position"
    )
    return [row["position"] for row in rows]


async def test_events_of_a_unit_keep_their_order(shop: Shop) -> None:
    await _announce(shop, 3, 1, 2)
    await stamp_events(shop.tenant_id)
    rows = await shop.rows(
        "SELECT payload->>'number' AS n FROM event WHERE tenant_id = $1 ORDER BY position"
    )
    assert [row["n"] for row in rows] == ["3", "1", "2"]


async def test_a_rollback_takes_its_events_along(shop: Shop) -> None:
    async def announce_and_fail() -> None:
        async with unit_of_work(shop.tenant_id):
            announce(Noted(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await announce_and_fail()
    await stamp_events(shop.tenant_id)
    assert await _positions(shop) == []


async def test_positions_have_no_gap_with_writers_and_relays_side_by_side(shop: Shop) -> None:
    async def writer(first: int) -> None:
        for number in range(first, first + 20):
            await _announce(shop, number, number + 1000)

    async def relay() -> None:
        for _ in range(30):
            await stamp_events(shop.tenant_id)
            await asyncio.sleep(0)

    await asyncio.gather(*(writer(n * 100) for n in range(6)), *(relay() for _ in range(3)))
    await stamp_events(shop.tenant_id)
    assert await _positions(shop) == list(range(1, 241))


async def test_what_follows_from_a_committed_event_comes_after_it_whatever_the_clocks_say(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter([UUID(int=2), UUID(int=1)])  # the second host's clock is behind
    monkeypatch.setattr(outbox, "new_id", lambda: next(ids))
    await _announce(shop, 1)
    await _announce(shop, 2)
    await stamp_events(shop.tenant_id)
    rows = await shop.rows(
        "SELECT payload->>'number' AS n FROM event WHERE tenant_id = $1 ORDER BY position"
    )
    assert [row["n"] for row in rows] == ["1", "2"]


async def test_more_than_a_batch_says_that_more_waits(shop: Shop) -> None:
    await _announce(shop, *range(501))
    assert await stamp_events(shop.tenant_id) is True
    assert await stamp_events(shop.tenant_id) is False
    assert len(await _positions(shop)) == 501


async def test_a_relay_that_somebody_holds_is_passed_by(shop: Shop) -> None:
    await _announce(shop, 1)
    await stamp_events(shop.tenant_id)
    await _announce(shop, 2)
    locked, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with unit_of_work(shop.tenant_id):
            await fetch("SELECT position FROM relay WHERE tenant_id = $1 FOR UPDATE")
            locked.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await locked.wait()
    assert await asyncio.wait_for(stamp_events(shop.tenant_id), 2) is False
    done.set()
    await holder
    await stamp_events(shop.tenant_id)
    assert await _positions(shop) == [1, 2]
