"""Refunds against each other and against their sale: never above the total, and never forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import in_unit_of_work, unit_of_work
from shuke_core.orders.services import NewSale, record_sales
from shuke_core.orders.steps import NewRefund, record_refunds
from shuke_core.tenants.queries import stores_by_code

DAY = date(2026, 3, 1)


async def _store(shop: Shop) -> UUID:
    async with unit_of_work(shop.tenant_id):
        return (await stores_by_code(["S1"]))["S1"]


def _sale(store_id: UUID, no: str, member_id: UUID | None, total_fen: int = 1_000) -> NewSale:
    now = clock.now()
    return NewSale(store_id, no, DAY, now, now, member_id, total_fen, ())


def _refund(store_id: UUID, no: str, of: str, total_fen: int) -> NewRefund:
    return NewRefund(store_id, no, DAY, clock.now(), of, None, total_fen, ())


async def _record(shop: Shop, verb: Callable[[], Awaitable[list[bool]]]) -> list[bool]:
    return await in_unit_of_work(shop.tenant_id, verb)


async def _books(shop: Shop) -> list[dict[str, Any]]:
    return await shop.rows(
        """
        SELECT o.external_no AS no, o.state, o.refunded_fen,
               (SELECT array_agg(r.state ORDER BY r.state) FROM refund r
                 WHERE r.tenant_id = $1 AND r.refunds_no = o.external_no) AS refunds,
               (SELECT count(*) FROM event e WHERE e.tenant_id = $1
                   AND e.type = 'order.refunded' AND e.entity = 'order:' || o.id) AS announced
          FROM orders o WHERE o.tenant_id = $1 ORDER BY o.external_no
        """
    )


async def _points(shop: Shop) -> int:
    rows = await shop.rows(
        "SELECT coalesce(sum(available), 0)::int AS points FROM ledger_account WHERE tenant_id = $1"
    )
    points: int = rows[0]["points"]
    return points


@pytest.mark.slow
async def test_two_refunds_that_exceed_the_order_together_give_back_what_was_paid(
    shop: Shop, soak: bool
) -> None:
    store_id, member_id = await _store(shop), await shop.member("13800138000")
    orders = [f"T{n:03}" for n in range(200 if soak else 8)]
    await _record(
        shop, lambda: record_sales("till", "CNY", [_sale(store_id, no, member_id) for no in orders])
    )
    for no in orders:
        refunds = [_refund(store_id, f"R{no}{part}", no, 600) for part in "ab"]
        await asyncio.gather(
            *(_record(shop, lambda r=r: record_refunds("till", [r])) for r in refunds)  # type: ignore[misc]
        )
    assert await _books(shop) == [
        {
            "no": no,
            "state": "refunded",
            "refunded_fen": 1_000,
            "refunds": ["applied", "applied"],
            "announced": 2,
        }
        for no in orders
    ]
    await shop.work()
    assert await _points(shop) == 0
    assert (await shop.verified()).found == ()


REFUNDED = [
    {
        "no": "T1",
        "state": "partly_refunded",
        "refunded_fen": 300,
        "refunds": ["applied"],
        "announced": 1,
    }
]


@pytest.mark.parametrize("last", ["sale", "refund"])
@pytest.mark.parametrize("worked", ["at the end", "between"])
async def test_a_refund_and_its_sale_that_do_not_see_each_other_still_meet(
    shop: Shop, last: str, worked: str
) -> None:
    store_id, member_id = await _store(shop), await shop.member("13800138000")
    recorded = {"sale": asyncio.Event(), "refund": asyncio.Event()}
    committed = asyncio.Event()
    first = "refund" if last == "sale" else "sale"

    async def unit(kind: str) -> None:
        async with unit_of_work(shop.tenant_id):
            if kind == "sale":
                await record_sales("till", "CNY", [_sale(store_id, "T1", member_id)])
            else:
                await record_refunds("till", [_refund(store_id, "R1", "T1", 300)])
            recorded[kind].set()
            await recorded[first if kind == last else last].wait()
            if kind == last:  # both have looked for the other and found nothing
                await committed.wait()

    late = asyncio.create_task(unit(last))
    await unit(first)
    if worked == "between":
        await shop.work()
    committed.set()
    await late
    for _ in range(2):
        await shop.work()
    assert await _books(shop) == REFUNDED
    assert await _points(shop) == 7
    assert (await shop.verified()).found == ()


@pytest.mark.slow
async def test_sales_and_refunds_recorded_at_the_same_moment_are_applied_once(
    shop: Shop, soak: bool
) -> None:
    store_id, member_id = await _store(shop), await shop.member("13800138000")
    numbers = [f"T{n:04}" for n in range(1_000 if soak else 40)]

    async def refund_twice(no: str) -> None:
        for _ in range(2):
            await _record(
                shop,
                lambda: record_refunds("till", [_refund(store_id, f"R{no}", no, 300)]),
            )

    async def sell_twice(no: str) -> None:
        for _ in range(2):
            await _record(
                shop, lambda: record_sales("till", "CNY", [_sale(store_id, no, member_id)])
            )

    for start in range(0, len(numbers), 8):
        batch = numbers[start : start + 8]
        await asyncio.gather(*(act(no) for no in batch for act in (refund_twice, sell_twice)))
    for _ in range(3):
        await shop.work()
    assert await _books(shop) == [{**REFUNDED[0], "no": no} for no in numbers]
    assert await _points(shop) == 7 * len(numbers)
    assert (await shop.verified()).found == ()
