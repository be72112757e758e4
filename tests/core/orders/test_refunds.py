"""Refunds as a source tells them: each once, with or before its sale, never more than was paid."""

from datetime import date
from decimal import Decimal

from tests.core.orders.till import AT, DAY, NEXT_DAY, Till
from tests.support.shop import Shop


async def test_a_refund_in_parts_until_all_is_back(till: Till) -> None:
    await till.sells(till.sale())
    assert await till.refunds(till.refund("R1", 300)) == [True]
    assert await till.orders() == [("T1", "partly_refunded", 300, 2)]
    assert await till.refunds(till.refund("R2", 700)) == [True]
    assert await till.orders() == [("T1", "refunded", 1000, 3)]
    assert await till.states() == {"R1": "applied", "R2": "applied"}


async def test_refunds_announce_what_was_back_before_and_after(till: Till) -> None:
    await till.sells(till.sale())
    await till.refunds(till.refund("R1", 300, refunded_at=AT), till.refund("R2", 500))
    rows = await till.shop.rows(
        "SELECT (payload->>'refunded_before_fen')::int AS before, "
        "(payload->>'refunded_fen')::int AS after FROM event "
        "WHERE tenant_id = $1 AND type = 'order.refunded' ORDER BY id"
    )
    assert rows == [{"before": 0, "after": 300}, {"before": 300, "after": 800}]


async def test_a_refund_told_again_changes_nothing(till: Till) -> None:
    await till.sells(till.sale())
    told = till.refund("R1", 300)
    assert await till.refunds(told, told) == [True, False]
    assert await till.refunds(told) == [False]
    assert await till.orders() == [("T1", "partly_refunded", 300, 2)]
    assert await till.announced() == ["order.completed", "order.refunded"]


async def test_no_more_is_given_back_than_was_paid_and_staff_see_what_was_told(till: Till) -> None:
    await till.sells(till.sale())
    await till.refunds(till.refund("R1", 400, refunded_at=AT))
    await till.refunds(till.refund("R2", 601))
    assert await till.orders() == [("T1", "refunded", 1000, 3)]
    assert await till.states() == {"R1": "applied", "R2": "applied"}
    assert await till.contradictions() == {"T1": "refunded_beyond_paid"}
    rows = await till.shop.rows(
        "SELECT (payload->>'refunded_before_fen')::int AS before, "
        "(payload->>'refunded_fen')::int AS after FROM event "
        "WHERE tenant_id = $1 AND type = 'order.refunded' ORDER BY id"
    )
    assert rows == [{"before": 0, "after": 400}, {"before": 400, "after": 1000}]


async def test_a_refund_beyond_what_was_paid_takes_back_the_points_of_the_order_alone(
    till: Till,
) -> None:
    member = await till.shop.member("13800138000")
    await till.sells(till.sale(member_id=member), till.sale("T2", member_id=member))
    await till.refunds(till.refund("R1", 1_000_000))
    await till.shop.work()
    rows = await till.shop.rows("SELECT available, debt FROM ledger_account WHERE tenant_id = $1")
    assert rows == [{"available": 10, "debt": 0}]


async def test_a_refund_before_its_sale_waits_and_is_applied_with_it(till: Till) -> None:
    await till.refunds(till.refund("R1", 300), till.refund("R2", 800), till.refund("R3", 100))
    assert await till.states() == dict.fromkeys(("R1", "R2", "R3"), "waiting")
    assert await till.sells(till.sale()) == [True]
    assert await till.states() == dict.fromkeys(("R1", "R2", "R3"), "applied")
    assert await till.orders() == [("T1", "refunded", 1000, 4)]
    assert await till.contradictions() == {"T1": "refunded_beyond_paid"}


async def test_a_waiting_refund_goes_on_waiting_while_other_sales_come(till: Till) -> None:
    await till.refunds(till.refund("R1", 300))
    await till.sells(till.sale("T2"), till.sale("T1", store="S2"))
    await till.sells(till.sale("T1"), source="web")
    await till.shop.work()
    assert await till.states() == {"R1": "waiting"}
    assert {state for _, state, _, _ in await till.orders()} == {"completed"}


async def test_a_refund_falls_on_the_latest_day_that_is_not_after_it(till: Till) -> None:
    await till.sells(till.sale(), till.sale(business_day=NEXT_DAY))
    await till.refunds(till.refund("R1", 100, business_day=date(2026, 3, 9)))
    await till.refunds(till.refund("R2", 200))
    assert await till.orders() == [
        ("T1", "partly_refunded", 200, 2),
        ("T1", "partly_refunded", 100, 2),
    ]


async def test_a_refund_that_names_the_day_falls_on_that_day(till: Till) -> None:
    await till.sells(till.sale(), till.sale(business_day=NEXT_DAY))
    named = till.refund("R1", 100, business_day=date(2026, 3, 9), refunds_day=DAY)
    await till.refunds(named)
    assert await till.orders() == [
        ("T1", "partly_refunded", 100, 2),
        ("T1", "completed", 0, 1),
    ]


async def test_a_refund_is_not_of_a_sale_of_a_later_day(till: Till) -> None:
    await till.sells(till.sale(business_day=NEXT_DAY))
    await till.refunds(till.refund("R1", 100))
    assert await till.states() == {"R1": "waiting"}


async def test_what_of_a_refund_falls_on_which_line_is_kept(till: Till) -> None:
    await till.sells(till.sale())
    await till.refunds(
        till.refund("R1", 300, lines=((1, 200, None), (3, 100, Decimal("0.5")))),
        till.refund("R2", 50),
    )
    rows = await till.shop.rows(
        "SELECT r.external_no, l.line_no, l.amount_fen, l.quantity FROM refund r LEFT JOIN refund_line l "
        "ON l.tenant_id = r.tenant_id AND l.refund_id = r.id "
        "WHERE r.tenant_id = $1 ORDER BY r.external_no, l.line_no"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("R1", 1, 200, None),
        ("R1", 3, 100, Decimal("0.500")),
        ("R2", None, None, None),
    ]


async def test_an_order_without_money_has_nothing_to_give_back(till: Till) -> None:
    await till.sells(till.sale(total_fen=0))
    await till.refunds(till.refund("R1", 1))
    assert await till.orders() == [("T1", "completed", 0, 2)]
    assert await till.contradictions() == {"T1": "refunded_beyond_paid"}


async def test_a_refund_of_another_tenants_sale_waits(till: Till, other_shop: Shop) -> None:
    other = await Till.at(other_shop)
    await other.sells(other.sale())
    await till.refunds(till.refund("R1", 100))
    await till.shop.work()
    await other_shop.work()
    assert await till.states() == {"R1": "waiting"}
    assert await other.orders() == [("T1", "completed", 0, 1)]
