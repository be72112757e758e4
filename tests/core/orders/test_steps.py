"""What is told of an order, split over units in any order: one end, each step announced once."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from tests.core.orders.till import AT, DAY, NEXT_DAY, Till
from tests.support.shop import Shop, open_shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.orders.life import OrderStepKind
from shuke_core.personal_data.erasure import erase
from shuke_core.runtime import Runtime

PHONE = "13800138000"


async def _balance(shop: Shop, member_id: Any) -> int:
    async with unit_of_work(shop.tenant_id):
        return (await balance_of(member_id)).available


async def test_an_order_from_its_placing_to_its_points(till: Till) -> None:
    member = await till.shop.member(PHONE)
    assert await till.sells(till.sale(member_id=member, whole=False)) == [True]
    assert await till.orders() == [("T1", "created", 0, 1)]
    assert await till.tells(till.payment("P1", 400)) == [True]
    assert await till.orders() == [("T1", "created", 0, 2)]
    await till.tells(till.payment("P2", 600))
    assert await till.orders() == [("T1", "paid", 0, 3)]
    await till.tells(till.step(OrderStepKind.FULFILMENT))
    assert await till.orders() == [("T1", "fulfilled", 0, 4)]
    await till.shop.work()
    assert await _balance(till.shop, member) == 0  # it is no purchase yet
    await till.tells(till.step(OrderStepKind.COMPLETION))
    assert await till.orders() == [("T1", "completed", 0, 5)]
    await till.shop.work()
    assert await _balance(till.shop, member) == 10
    assert await till.announced() == [
        "order.created",
        "order.paid",
        "order.fulfilled",
        "order.completed",
        "points.moved",
    ]
    assert (await till.shop.verified()).found == ()


async def test_what_was_refunded_before_it_counts_is_taken_off_when_it_does(till: Till) -> None:
    member = await till.shop.member(PHONE)
    await till.sells(till.sale(member_id=member, whole=False))
    await till.tells(till.payment("P1", 1000))
    await till.refunds(till.refund("R1", 300))
    # All of it may be one batch of the worker.
    await till.tells(till.step(OrderStepKind.COMPLETION))
    await till.refunds(till.refund("R2", 100))
    await till.shop.work()
    assert await _balance(till.shop, member) == 6
    assert await till.orders() == [("T1", "partly_refunded", 400, 5)]
    assert (await till.shop.verified()).found == ()


async def test_an_order_that_comes_to_count_after_its_buyer_was_erased_earns_nothing(
    till: Till,
) -> None:
    member = await till.shop.member(PHONE)
    await till.sells(till.sale(member_id=member, whole=False))
    async with unit_of_work(till.shop.tenant_id):
        await erase(member, "asked for")
    await till.tells(till.payment("P1", 1000), till.step(OrderStepKind.COMPLETION))
    await till.shop.work()
    assert await till.orders() == [("T1", "completed", 0, 3)]
    entries = "SELECT id FROM ledger_entry WHERE tenant_id = $1"
    assert await till.shop.rows(entries) == []


@pytest.mark.parametrize("first", ["order", "sale"])
async def test_a_sale_that_was_an_order_before_is_one_purchase(till: Till, first: str) -> None:
    told = {"order": till.sale(whole=False), "sale": till.sale()}
    second = "sale" if first == "order" else "order"
    assert await till.sells(told[first]) == [True]
    assert await till.sells(told[second]) == [False]
    assert [state for _, state, _, _ in await till.orders()] == ["completed"]
    assert (await till.announced()).count("order.completed") == 1


async def test_an_exchange_gives_back_and_pays_for_the_other_order(till: Till) -> None:
    await till.sells(till.sale("T1"), till.sale("T2", 1500, whole=False))
    back = till.refund("X1", 1000, exchanged_for="T2")
    assert await till.refunds(back, back) == [True, False]
    assert await till.orders() == [("T1", "refunded", 1000, 2), ("T2", "created", 0, 2)]
    await till.tells(till.payment("P1", 500, order_no="T2"))
    assert (await till.orders())[1] == ("T2", "paid", 0, 3)


async def test_an_exchange_and_a_payment_of_one_number_both_count(till: Till) -> None:
    await till.sells(till.sale("T1"), till.sale("T2", 1500, whole=False))
    await till.refunds(till.refund("X1", 1000, exchanged_for="T2"))
    assert await till.tells(till.payment("X1", 500, order_no="T2")) == [True]
    assert (await till.orders())[1] == ("T2", "paid", 0, 3)


async def test_an_exchange_of_a_number_that_is_known_pays_nothing(till: Till) -> None:
    await till.sells(till.sale("T1"), till.sale("T2", 1500, whole=False))
    await till.refunds(till.refund("R1", 100))
    assert await till.refunds(till.refund("R1", 1500, exchanged_for="T2")) == [False]
    assert (await till.orders())[1] == ("T2", "created", 0, 1)


async def test_what_was_bought_elsewhere_pays_for_an_order_of_the_till(till: Till) -> None:
    await till.sells(till.sale("M1"), source="mini-program")
    await till.sells(till.sale("T2", 1000, whole=False))
    back = till.refund("X1", 1000, of="M1", channel="mini-program", exchanged_for="T2")
    await till.refunds(back)
    assert {(no, state) for no, state, _, _ in await till.orders()} == {
        ("M1", "refunded"),
        ("T2", "paid"),
    }


async def test_a_named_day_is_the_orders_though_the_clock_of_who_tells_is_behind(
    till: Till,
) -> None:
    await till.sells(till.sale(business_day=NEXT_DAY, whole=False))
    await till.tells(till.payment("P1", 1000, order_day=NEXT_DAY))
    assert [state for _, state, _, _ in await till.orders()] == ["paid"]


async def test_what_is_told_twice_counts_once_and_other_channels_are_others(till: Till) -> None:
    await till.sells(till.sale(whole=False))
    payment = till.payment("P1", 600)
    assert await till.tells(payment, payment) == [True, False]
    assert await till.tells(payment) == [False]
    assert await till.tells(till.payment("P1", 400), source="web") == [True]
    assert await till.orders() == [("T1", "created", 0, 2)]
    assert await till.tells(till.payment("P2", 400, channel="till"), source="web") == [True]
    assert await till.orders() == [("T1", "paid", 0, 3)]


async def test_a_step_before_its_order_waits_for_it_and_for_no_other(till: Till) -> None:
    await till.tells(till.payment("P1", 1000), till.step(OrderStepKind.COMPLETION))
    await till.sells(till.sale("T2", whole=False), till.sale("T1", store="S2", whole=False))
    assert {state for _, state, _, _ in await till.orders()} == {"created"}
    await till.sells(till.sale("T1", whole=False))
    states = await till.shop.rows(
        "SELECT o.state FROM orders o JOIN store s ON s.tenant_id = $1 AND s.id = o.store_id "
        "WHERE o.tenant_id = $1 AND o.external_no = 'T1' AND s.code = 'S1'"
    )
    assert states == [{"state": "completed"}]


Act = tuple[str, Any]


def _acts(till: Till) -> list[Act]:
    """Everything that happens to one order, some of it too much."""
    return [
        ("sells", till.sale(whole=False)),
        ("tells", till.payment("P1", 600)),
        ("tells", till.payment("P2", 500)),
        ("tells", till.step(OrderStepKind.FULFILMENT, at=AT + timedelta(minutes=5))),
        ("tells", till.step(OrderStepKind.COMPLETION, at=AT + timedelta(minutes=7))),
        ("tells", till.step(OrderStepKind.CANCELLATION, at=AT + timedelta(minutes=2))),
        ("refunds", till.refund("R1", 700, lines=((1, 700, None),), refunded_at=AT)),
        ("refunds", till.refund("R2", 600, refunded_at=AT + timedelta(minutes=1))),
    ]


async def _end(shop: Shop) -> tuple[Any, ...]:
    row = (
        await shop.rows(
            "SELECT state, paid_fen, refunded_fen, fulfilled_at, completed_at, cancelled_at, "
            "contradiction, version FROM orders WHERE tenant_id = $1"
        )
    )[0]
    told = await shop.rows(
        "SELECT type, sum((payload->>'refunded_fen')::int - (payload->>'refunded_before_fen')::int)"
        "::int AS fen FROM event WHERE tenant_id = $1 AND type IN ('order.completed', "
        "'order.paid', 'order.refunded') AND (payload->>'counts' IS DISTINCT FROM 'false') "
        "GROUP BY type ORDER BY type"
    )
    return (*row.values(), *((each["type"], each["fen"]) for each in told))


@pytest.mark.slow
async def test_any_arrival_over_any_units_ends_in_the_same_order(
    runtime: Runtime, soak: bool
) -> None:
    chance = Random()  # noqa: S311 (which arrivals are tried)
    seed = chance.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (shown when it fails)
    chance.seed(seed)
    ends: dict[tuple[Any, ...], list[int]] = {}
    for _ in range(400 if soak else 40):
        shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)
        till = await Till.at(shop)
        acts = _acts(till)
        arrival = chance.sample(range(8), 8) + chance.choices(range(8), k=chance.randrange(4))
        works = chance.random() < 0.3
        for n in arrival:
            verb, what = acts[n]
            await getattr(till, verb)(what)
            if works:
                await shop.work()
        await shop.work()
        ends.setdefault(await _end(shop), arrival)
    assert len(ends) == 1, ends


async def test_steps_of_another_day_belong_to_the_order_of_their_day(till: Till) -> None:
    await till.sells(till.sale(whole=False), till.sale(business_day=NEXT_DAY, whole=False))
    await till.tells(till.payment("P1", 1000, business_day=NEXT_DAY, order_day=DAY))
    assert [state for _, state, _, _ in await till.orders()] == ["paid", "created"]
