"""Payments, refunds and a cancellation of one order at the same moment, over eight connections and more:
nothing is lost and nothing counts twice. A variant that reads what was told before it holds the order is
found out by the same race."""

import asyncio
from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest
from tests.core.orders.till import Till
from tests.support.shop import Shop

from shuke_core.kit.transactions import Row, fetch, in_unit_of_work
from shuke_core.orders import matching
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.services import record_sales
from shuke_core.orders.steps import record_refunds, record_steps

pytestmark = pytest.mark.slow

PAYMENTS, REFUNDS = 10, 6
_SLOW = matching._TOLD.replace("SELECT o.id,", "SELECT pg_sleep(0.005), o.id,", 1)


async def _race(shop: Shop) -> dict[str, Any]:
    """Ten payments of 100, six refunds of 50 and a completion of one order of 1,000, all at once; each is
    told twice."""
    till = await Till.at(shop)

    async def unit(verb: Any, source: str, *more: Any) -> None:
        await in_unit_of_work(shop.tenant_id, lambda: verb(source, *more))

    await unit(record_sales, "till", "CNY", [till.sale(whole=False)])
    acts = [
        *((record_steps, [till.payment(f"P{n}", 100)]) for n in range(PAYMENTS)),
        *((record_refunds, [till.refund(f"R{n}", 50)]) for n in range(REFUNDS)),
        (record_steps, [till.step(OrderStepKind.COMPLETION)]),
    ]
    await asyncio.gather(*(unit(verb, "till", what) for verb, what in [*acts, *acts]))
    for _ in range(2):
        await shop.work()
    row = (
        await shop.rows(
            "SELECT state, paid_fen, refunded_fen, completed_at IS NOT NULL AS counts, version "
            "FROM orders WHERE tenant_id = $1"
        )
    )[0]
    told = await shop.rows(
        "SELECT count(*) FILTER (WHERE type = 'order.paid') AS paid, "
        "count(*) FILTER (WHERE type = 'order.completed') AS completed, "
        "(sum((payload->>'refunded_fen')::int - (payload->>'refunded_before_fen')::int) "
        "FILTER (WHERE type = 'order.refunded' AND payload->>'counts' = 'true'))::int AS refunded "
        "FROM event WHERE tenant_id = $1"
    )
    return {**row, **{f"told_{key}": value for key, value in told[0].items()}}


ENDS = {
    "state": "partly_refunded",
    "paid_fen": 1000,
    "refunded_fen": 300,
    "counts": True,
    "version": 1 + PAYMENTS + REFUNDS + 1,
    "told_paid": 1,
    "told_completed": 1,
    "told_refunded": 300,
}


async def test_whatever_is_told_at_the_same_moment_counts_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_TOLD", _SLOW)
    assert await _race(shop) == ENDS
    assert (await shop.verified()).found == ()


async def test_a_variant_that_reads_before_it_holds_the_order_is_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unheld(order_ids: Collection[UUID]) -> dict[UUID, Row]:
        rows = await fetch(
            matching._LOCKED.replace("FOR NO KEY UPDATE OF o", ""), sorted(order_ids)
        )
        return {row["id"]: row for row in rows}

    monkeypatch.setattr(matching, "_TOLD", _SLOW)
    monkeypatch.setattr(matching, "_locked", unheld)
    assert await _race(shop) != ENDS
