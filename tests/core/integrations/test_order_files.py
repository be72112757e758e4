"""A history of orders by file: whole orders go in as a till's do, or stay out with the row at fault."""

from uuid import UUID

import pytest
from tests.core.imports.files import counts_of, refused_in
from tests.support.exports import as_staff, staff_id_of
from tests.support.imports import asked_import, imported
from tests.support.shop import Shop

from shuke_core.imports import reading
from shuke_core.imports.errors import ImportOptionInvalid
from shuke_core.imports.reading import work_on_imports
from shuke_core.imports.services import Redone, correct_row, redo_import
from shuke_core.integrations.imports import SOURCE
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.claims import claim_order
from shuke_core.tenants.services import add_store

HEADINGS = "订单号,门店编码,下单时间,手机号,姓名,实付金额,商品编码,商品名称,数量,金额\n"
TWO_ORDERS = (
    HEADINGS + "A-1,S1,2026-03-01 18:20:05,138 0013 8000,王小明,59.00,T-1,毛巾,2,39.00\n"
    "A-1,,,,,,T-2,牙刷,1,20.00\n"
    "A-2,S2,2026-03-02 09:00,,,,,茶叶,0.125,30\n"
)


async def _history(shop: Shop, text: str, **options: object) -> UUID:
    return await imported(shop, text.encode(), kind="orders", options=options)


async def _orders(shop: Shop) -> list[tuple[object, ...]]:
    rows = await shop.rows(
        "SELECT o.external_no, s.code, o.source, o.total_fen, o.member_id IS NOT NULL AS known, "
        "(SELECT string_agg(concat_ws(' ', l.sku, l.name, l.quantity, l.amount_fen), '; ' "
        "ORDER BY l.line_no) FROM order_line l WHERE l.tenant_id = $1 AND l.order_id = o.id) AS lines "
        "FROM orders o JOIN store s ON s.tenant_id = $1 AND s.id = o.store_id "
        "WHERE o.tenant_id = $1 ORDER BY o.external_no, s.code, o.business_day"
    )
    return [tuple(row.values()) for row in rows]


async def _points(shop: Shop) -> int:
    for _ in range(3):
        await shop.work()
    rows = await shop.rows(
        "SELECT coalesce(sum(available), 0)::int8 AS n FROM ledger_account WHERE tenant_id = $1"
    )
    assert (await shop.verified()).differences == 0
    n: int = rows[0]["n"]
    return n


A_1 = ("A-1", "S1", SOURCE, 5_900, True, "T-1 毛巾 2.000 3900; T-2 牙刷 1.000 2000")
A_2 = ("A-2", "S2", SOURCE, 3_000, False, "茶叶 0.125 3000")


async def test_rows_of_one_number_are_one_order_which_earns_as_a_tills(shop: Shop) -> None:
    import_id = await _history(shop, TWO_ORDERS)
    assert await counts_of(shop, import_id) == ("done", 3, 3, 0, 0, 0)
    assert await _orders(shop) == [A_1, A_2]
    assert await shop.knows("13800138000")
    assert await _points(shop) == 59


@pytest.mark.parametrize("rows", [1, 2, 3])
async def test_a_batch_never_parts_an_order(
    rows: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", rows)
    lines = "".join(
        f"N{order},S1,2026-03-01 10:{order:02},,,,,x{line},1,1.00\n"
        for order in range(5)
        for line in range(order + 1)
    )
    import_id = await imported(shop, (HEADINGS + lines).encode(), 37, kind="orders")
    assert await counts_of(shop, import_id) == ("done", 15, 15, 0, 0, 0)
    assert [(row[0], row[3]) for row in await _orders(shop)] == [
        (f"N{order}", 100 * (order + 1)) for order in range(5)
    ]


async def test_a_file_that_comes_again_or_overlaps_doubles_nothing(shop: Shop) -> None:
    await _history(shop, TWO_ORDERS)
    again = await _history(shop, TWO_ORDERS + "A-3,S1,2026-03-03,13800138000,,,,伞,1,9\n")
    assert await counts_of(shop, again) == ("done", 4, 1, 0, 3, 0)
    assert [row[0] for row in await _orders(shop)] == ["A-1", "A-2", "A-3"]
    assert await _points(shop) == 68


async def test_what_the_till_has_sent_already_is_known_if_the_file_is_that_tills(
    shop: Shop,
) -> None:
    await shop.sold(
        shop.ticket(no="A-1", at="2026-03-01 18:20:05", phone="13800138000", total="59.00")
    )
    import_id = await _history(shop, TWO_ORDERS, integration="till")
    assert await counts_of(shop, import_id) == ("done", 3, 1, 0, 2, 0)
    assert [row[:3] for row in await _orders(shop)] == [
        ("A-1", "S1", "till"),
        ("A-2", "S2", "till"),
    ]
    assert await _points(shop) == 59


async def test_without_points_nothing_is_earned_not_even_when_claimed(shop: Shop) -> None:
    text = HEADINGS.replace("商品编码", "小票码") + (
        "A-1,S1,2026-03-01 18:20:05,13800138000,,59.00,,毛巾,2,59\n"
        "A-2,S1,2026-03-01 18:21:05,,,40.00,ABCD-EFGH-JKLM-9,毛巾,2,40\n"
    )
    await _history(shop, text, withoutPoints=True)
    assert await _points(shop) == 0
    member = await shop.member("13900139000")
    async with unit_of_work(shop.tenant_id):
        await claim_order(member, "abcd efgh jklm 9")
    assert await _points(shop) == 0
    # Told again with points, it is known: whose points are counted elsewhere stays out.
    await _history(shop, text)
    assert await _points(shop) == 0
    await _history(shop, text.replace("A-", "B-").replace("JKLM-9", "JKLM-8"))
    assert await _points(shop) == 59


BAD = (
    HEADINGS + "B-1,S1,2026-03-01 10:00,13800138000,,,,好,1,10\n"
    "B-1,,,,,,,坏,1,十块\n"
    "B-1,,,,,,,也好,1,5\n"
    "B-2,S1,2026-03-01 10:01,13800138000,,,,好,1,10\n"
    "B-3,S7,2026-03-01 10:02,13800138000x,,,,没有这家店,1,10\n"
    "B-4,S1,2026-03-01 10:03,13800138000,,,,一,1,10\n"
    "B-4,,,13900139000,李四,,,两个人,1,10\n"
    "B-5,S1,2026-03-01 10:04,13800138000,,99,,对不上,1,10\n"
    "B-6,S1,2026-03-01 10:05,,,,,宽,1,10\n"
    "B-6,S1,2026-03-01 10:05,王五,13700137000,,,宽,1,10,多,余\n"
    ",S1,2026-03-01 10:06,,,,,没有单号,1,10\n"
)
WRONG = [
    (2, "$", "REFUSED_WITH_ROW", "3 amount AMOUNT_INVALID"),
    (3, "amount", "AMOUNT_INVALID", "十块"),
    (4, "$", "REFUSED_WITH_ROW", "3 amount AMOUNT_INVALID"),
    (6, "phone", "PHONE_INVALID", "138****8000"),
    (7, "$", "REFUSED_WITH_ROW", "8 phone ORDER_CONTRADICTS"),
    (8, "phone", "ORDER_CONTRADICTS", "13******************00"),
    (9, "total", "TOTAL_MISMATCH", "9900 fen, lines 1000 fen"),
    (10, "$", "REFUSED_WITH_ROW", "11 $ ROW_TOO_WIDE"),
    (11, "$", "ROW_TOO_WIDE", "12"),
    (12, "no", "FIELD_MISSING", "null"),
]


@pytest.mark.parametrize("rows", [2, 500])
async def test_one_bad_row_keeps_its_order_out_and_no_other(
    rows: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", rows)
    import_id = await _history(shop, BAD)
    assert await counts_of(shop, import_id) == ("done", 11, 1, 0, 0, 10)
    assert await refused_in(shop) == WRONG
    assert [row[0] for row in await _orders(shop)] == ["B-2"]
    kept = str(await shop.rows("SELECT * FROM refused_row WHERE tenant_id = $1"))
    assert not [who for who in ("13800138000", "13900139000", "李四", "王五") if who in kept]


async def _ids(shop: Shop) -> dict[int, UUID]:
    rows = await shop.rows("SELECT row_no, id FROM refused_row WHERE tenant_id = $1")
    return {row["row_no"]: row["id"] for row in rows}


async def test_an_order_goes_in_once_its_last_bad_row_is_mended(shop: Shop) -> None:
    text = BAD.replace("B-1,,,,,,,也好,1,5", "B-1,,,,,,,也好,x,5")
    import_id, ids = await _history(shop, text), await _ids(shop)
    async with unit_of_work(shop.tenant_id):
        as_staff(await staff_id_of("admin"))
        assert await correct_row(ids[3], {"amount": "2.50"}) == Redone(0, 3, 4)
    assert (await refused_in(shop))[:3] == [
        (2, "$", "REFUSED_WITH_ROW", "4 quantity QUANTITY_INVALID"),
        (3, "$", "REFUSED_WITH_ROW", "4 quantity QUANTITY_INVALID"),
        (4, "quantity", "QUANTITY_INVALID", "x"),
    ]
    async with unit_of_work(shop.tenant_id):
        as_staff(await staff_id_of("admin"))
        assert await correct_row(ids[4], {"quantity": "3"}) == Redone(3, 0, 4)
        assert await correct_row(ids[11], {"no": "B-6", "amount": "1", "name": "宽"}) == Redone(
            2, 0, 11
        )
        assert await correct_row(ids[8], {"phone": "13800138000", "buyer": "王二"}) == Redone(
            2, 0, 8
        )
    assert [(row[0], row[3]) for row in await _orders(shop)] == [
        ("B-1", 1_750),
        ("B-2", 1_000),
        ("B-4", 2_000),
        ("B-6", 1_100),
    ]
    assert await counts_of(shop, import_id) == ("done", 11, 8, 0, 0, 3)
    audit = str(await shop.rows("SELECT act, changes FROM audit_entry WHERE tenant_id = $1"))
    assert "import.row_corrected" in audit
    assert not [who for who in ("13800138000", "王二") if who in audit]


async def test_orders_of_a_store_that_is_entered_later_are_tried_again_whole(shop: Shop) -> None:
    text = HEADINGS + "".join(
        f"C{n},S7,2026-03-01 10:00,,,,,x,1,1\nC{n},,,,,,,y,1,1\n" for n in range(150)
    )
    import_id = await _history(shop, text)
    assert await counts_of(shop, import_id) == ("done", 300, 0, 0, 0, 300)
    async with unit_of_work(shop.tenant_id):
        await add_store("S7", "七店")
        as_staff(await staff_id_of("admin"))
        first = await redo_import(import_id)
        assert first == Redone(200, 0, 201)
        assert first.last is not None
        assert await redo_import(import_id, first.last) == Redone(100, 0, 301)
    assert {row[3] for row in await _orders(shop)} == {200}
    assert len(await _orders(shop)) == 150


async def test_a_redo_ends_behind_an_order(shop: Shop) -> None:
    rows = "".join(f"D1,S7,2026-03-01 10:00,,,,,x{n},1,1\n" for n in range(250))
    import_id = await _history(shop, HEADINGS + rows + "D2,S7,2026-03-01 10:00,,,,,x,1,1\n")
    async with unit_of_work(shop.tenant_id):
        await add_store("S7", "七店")
        as_staff(await staff_id_of("admin"))
        assert await redo_import(import_id, 100) == Redone(1, 0, 252)  # no half of an order
        assert await redo_import(import_id) == Redone(250, 0, 251)
        assert await redo_import(import_id, 251) == Redone(0, 0, None)
    assert [row[3] for row in await _orders(shop)] == [25_000, 100]


@pytest.mark.parametrize("rows", [1, 500])
async def test_rows_of_an_order_that_stand_apart_are_named_and_not_lost(
    rows: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", rows)
    text = (
        HEADINGS + "E-1,S1,2026-03-01 10:00,,,,,x,1,1\n"
        "E-2,S1,2026-03-01 10:00,,,,,x,1,1\n"
        "E-1,S1,2026-03-01 10:01,,,,,y,1,1\n"
        "E-1,S1,2026-03-02 10:00,,,,,another day,1,1\n"
        "E-1,S2,2026-03-01 10:00,,,,,another store,1,1\n"
    )
    await _history(shop, text)
    assert await refused_in(shop) == [(4, "no", "ORDER_PARTED", "E-1")]
    assert [row[:2] for row in await _orders(shop)] == [
        ("E-1", "S1"),
        ("E-1", "S1"),
        ("E-1", "S2"),
        ("E-2", "S1"),
    ]


async def test_refunds_of_a_history_find_their_sales(shop: Shop) -> None:
    text = (
        "单号,类型,门店,时间,手机,原单号,行号,品名,金额\n"
        "R-1,退货,S1,2026-03-03 10:00,,F-1,2,,20\n"
        "F-1,销售,S1,2026-03-01 10:00,13800138000,,,毛巾,39\n"
        "F-1,销售,S1,2026-03-01 10:00,13800138000,,,牙刷,20\n"
        "R-2,退货,S1,2026-03-04 10:00,,F-1,,,-9\n"
        "X-1,换货,S1,2026-03-04 10:00,,,,什么,9\n"
    )
    await _history(shop, text)
    assert await refused_in(shop) == [(6, "kind", "KIND_UNKNOWN", "换货")]
    rows = await shop.rows("SELECT total_fen, refunded_fen FROM orders WHERE tenant_id = $1")
    assert rows == [{"total_fen": 5_900, "refunded_fen": 2_900}]
    assert await _points(shop) == 30


async def test_an_order_of_too_many_rows_is_refused_and_one_without_end_ends_the_import(
    shop: Shop,
) -> None:
    row = "G-1,S1,2026-03-01 10:00,,,,,x,1,0.01\n"
    import_id = await _history(shop, HEADINGS + row * 1_001 + "G-2,S1,2026-03-01,,,,,x,1,1\n")
    assert await counts_of(shop, import_id) == ("done", 1_002, 1, 0, 0, 1_001)
    assert (await refused_in(shop))[0][1:3] == ("$", "LINES_TOO_MANY")
    import_id = await _history(shop, HEADINGS + row * 1_600)
    assert (await counts_of(shop, import_id))[0] == "dead"
    (reason,) = await shop.rows(
        "SELECT reason FROM file_import WHERE tenant_id = $1 AND id = $2", import_id
    )
    assert reason["reason"] == (
        "IMPORT_FILE_INVALID: more than 1000 rows in a row have the same no"
    )
    # What a spreadsheet leaves below its table is no order that goes on.
    import_id = await _history(
        shop, HEADINGS + "G-3,S1,2026-03-01,,,,,x,1,1\n" + ",,,,,,,,,\n" * 2_000
    )
    assert (await counts_of(shop, import_id))[:3] == ("done", 2_001, 1)


async def test_a_worker_that_dies_leaves_whole_orders_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 3)
    lines = "".join(
        f"H{order},S1,2026-03-01 10:00,13800138000,,,,x{line},1,1.00\n"
        for order in range(4)
        for line in range(2)
    )
    import_id = await asked_import(shop, (HEADINGS + lines).encode(), 11, "orders")
    assert await work_on_imports(shop.tenant_id)
    assert await counts_of(shop, import_id) == ("waiting", 2, 2, 0, 0, 0)

    async def dies(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(reading, "keep_refused", dies)
        assert await work_on_imports(shop.tenant_id)
    assert len(await _orders(shop)) == 1
    await shop.rows("UPDATE file_import SET due_at = now() WHERE tenant_id = $1 RETURNING id")
    while await work_on_imports(shop.tenant_id):
        pass
    assert await counts_of(shop, import_id) == ("done", 8, 8, 0, 0, 0)
    assert [row[3] for row in await _orders(shop)] == [200] * 4
    assert await _points(shop) == 8


async def test_options_are_those_of_the_kind(shop: Shop) -> None:
    wrong: list[tuple[str, dict[str, object]]] = [
        ("orders", {"integration": "erp"}),
        ("orders", {"withoutPoints": "yes"}),
        ("orders", {"colour": True}),
        ("items", {"withoutPoints": True}),
    ]
    for kind, options in wrong:
        with pytest.raises(ImportOptionInvalid):
            await asked_import(shop, b"no,store,at\n", kind=kind, options=options)
