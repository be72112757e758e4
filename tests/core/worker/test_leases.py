"""A lease is one statement a claim; it tells whose a row is, and whoever is stopped gives it back."""

import asyncio
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.events import parking
from shuke_core.integrations import inbox
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.worker import schedules
from shuke_core.worker.leases import Lease, Leased, leasing

DUE = (
    "SELECT b.id FROM inbox b WHERE b.tenant_id = $1 AND b.state = 'pending' "
    "AND b.due_at <= now() ORDER BY b.due_at LIMIT $4 FOR UPDATE SKIP LOCKED"
)
ALL: tuple[Leased, ...] = (inbox.LEASED, parking.LEASED, schedules.LEASED)


async def _claim(lease: Lease, most: int) -> list[UUID]:
    return [row["id"] for row in await lease.claim(DUE, most, returning="q.id")]


async def test_eight_workers_share_the_rows_and_a_limit_holds(shop: Shop) -> None:
    for _ in range(20):
        await shop.send(shop.ticket())

    async def one() -> list[UUID]:
        async with unit_of_work(shop.tenant_id):
            return await _claim(Lease(inbox.LEASED, new_id()), 3)

    claimed = await asyncio.gather(*(one() for _ in range(8)))
    assert max(len(rows) for rows in claimed) == 3
    taken = [row for rows in claimed for row in rows]
    assert len(taken) == len(set(taken))


async def test_a_worker_that_is_stopped_gives_its_rows_back_at_once(shop: Shop) -> None:
    await shop.send(shop.ticket())
    claimed = asyncio.Event()

    async def works() -> None:
        async with leasing(inbox.LEASED, shop.tenant_id) as lease:
            async with unit_of_work(shop.tenant_id):
                assert len(await _claim(lease, 9)) == 1
            claimed.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(works())
    await claimed.wait()
    waiting = "SELECT lease IS NULL AS free, due_at <= now() AS due, claims FROM inbox"
    assert await shop.rows(f"{waiting} WHERE tenant_id = $1") == [
        {"free": False, "due": False, "claims": 1}
    ]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await shop.rows(f"{waiting} WHERE tenant_id = $1") == [
        {"free": True, "due": True, "claims": 0}
    ]


async def test_what_was_done_or_taken_over_is_not_given_back(shop: Shop) -> None:
    for _ in range(2):
        await shop.send(shop.ticket())
    mine, theirs = Lease(inbox.LEASED, new_id()), new_id()
    async with unit_of_work(shop.tenant_id):
        done, taken = await _claim(mine, 9)
    await shop.rows(
        "UPDATE inbox SET state = 'done', lease = NULL WHERE tenant_id = $1 AND id = $2 "
        "RETURNING id",
        done,
    )
    await shop.rows(
        "UPDATE inbox SET lease = $3 WHERE tenant_id = $1 AND id = $2 RETURNING id", taken, theirs
    )
    async with unit_of_work(shop.tenant_id):
        await mine.give_back()
        assert not await mine.holds([taken])
    rows = await shop.rows("SELECT id, state, lease FROM inbox WHERE tenant_id = $1 ORDER BY id")
    assert {row["id"]: (row["state"], row["lease"]) for row in rows} == {
        done: ("done", None),
        taken: ("pending", theirs),
    }


async def test_a_dead_row_keeps_its_reason_without_anybodys_phone(shop: Shop) -> None:
    await shop.send(shop.ticket())
    lease = Lease(inbox.LEASED, new_id())
    async with unit_of_work(shop.tenant_id):
        ids = await _claim(lease, 1)
        await lease.fail(ids, ValueError("of 138 0013 8000, a@b.example"), most=1, pause=0)
    assert await shop.rows("SELECT state, attempt, reason FROM inbox WHERE tenant_id = $1") == [
        {"state": "dead", "attempt": 1, "reason": "ValueError: of (phone), ***@***"}
    ]


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.table)
async def test_every_leased_table_fits_the_mechanism(shop: Shop, of: Leased) -> None:
    lease = Lease(of, new_id())
    async with unit_of_work(shop.tenant_id):
        picking = f"SELECT id FROM {of.table} WHERE tenant_id = $1 AND state = '{of.waiting}'"
        assert await lease.claim(f"{picking} FOR UPDATE", returning="q.id") == []
        assert await lease.holds([])
        assert not await lease.holds([new_id()])
        await lease.give_back()
