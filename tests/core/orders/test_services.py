"""Sales as a source tells them: each once, with its lines."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.core.orders.till import AT, DAY, NEXT_DAY, Till

from shuke_core.orders.services import NewLine


async def test_nothing_told_is_nothing_done(till: Till) -> None:
    assert await till.sells() == []
    assert await till.refunds() == []
    assert await till.announced() == []


async def test_a_sale_is_recorded_with_all_it_says(till: Till) -> None:
    member = await till.shop.member("13800138000")
    received = datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert await till.sells(till.sale(member_id=member, received_at=received)) == [True]
    rows = await till.shop.rows("SELECT * FROM orders WHERE tenant_id = $1")
    assert len(rows) == 1
    recorded = {k: v for k, v in rows[0].items() if k not in ("id", "tenant_id", "recorded_at")}
    assert recorded == {
        "source": "till",
        "store_id": till.stores["S1"],
        "external_no": "T1",
        "business_day": DAY,
        "member_id": member,
        "state": "completed",
        "told_whole": True,
        "total_fen": 1000,
        "paid_fen": 1000,
        "refunded_fen": 0,
        "fulfilled_at": AT,
        "completed_at": AT,
        "cancelled_at": None,
        "contradiction": None,
        "currency": "CNY",
        "placed_at": AT,
        "received_at": received,
        "version": 1,
        "receipt": None,
        "campaign_id": None,
    }


async def test_a_sale_told_again_changes_nothing(till: Till) -> None:
    assert await till.sells(till.sale(), till.sale()) == [True, False]
    assert await till.sells(till.sale(total_fen=9_999), till.sale("T2")) == [False, True]
    rows = await till.shop.rows("SELECT external_no, total_fen FROM orders WHERE tenant_id = $1")
    assert {row["external_no"]: row["total_fen"] for row in rows} == {"T1": 1000, "T2": 1000}
    assert await till.announced() == ["order.completed", "order.completed"]


async def test_the_same_number_elsewhere_or_another_day_is_another_order(till: Till) -> None:
    told = [till.sale(), till.sale(store="S2"), till.sale(business_day=NEXT_DAY)]
    assert await till.sells(*told) == [True, True, True]
    assert await till.sells(till.sale(), source="web") == [True]
    assert await till.sells(*told) == [False, False, False]
    assert len(await till.orders()) == 4


async def test_lines_are_recorded_in_their_order(till: Till) -> None:
    lines = (
        NewLine("SKU-1", "苹果", Decimal("0.358"), 716),
        NewLine(None, "袋子", Decimal(1), 0),
        NewLine("SKU-1", "苹果", Decimal(1), 284),
    )
    await till.sells(till.sale(lines=lines), till.sale("T2", lines=lines[:1]))
    await till.sells(till.sale(lines=lines))
    rows = await till.shop.rows(
        "SELECT o.external_no, l.line_no, l.sku, l.name, l.quantity, l.amount_fen "
        "FROM order_line l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id "
        "WHERE l.tenant_id = $1 ORDER BY o.external_no, l.line_no"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("T1", 1, "SKU-1", "苹果", Decimal("0.358"), 716),
        ("T1", 2, None, "袋子", Decimal("1.000"), 0),
        ("T1", 3, "SKU-1", "苹果", Decimal("1.000"), 284),
        ("T2", 1, "SKU-1", "苹果", Decimal("0.358"), 716),
    ]
