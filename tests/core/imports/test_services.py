"""A file of items, however ugly: what is right goes in, each wrong row is named, and can be mended."""

import tracemalloc
from datetime import timedelta
from uuid import UUID

import pytest
from tests.core.catalog.shelf import act, announced, items_of
from tests.support.exports import as_staff, ready_export, staff_id_of
from tests.support.imports import asked_import, imported, stored
from tests.support.pictures import JPEG
from tests.support.shop import Shop

from shuke_core.catalog.tree import create_category
from shuke_core.files.errors import FileUnknown
from shuke_core.files.pictures import read_picture
from shuke_core.files.uploads import use_upload
from shuke_core.imports import reading, rules
from shuke_core.imports.errors import (
    ImportCellsInvalid,
    ImportFileInvalid,
    ImportKindUnknown,
    ImportNotPermitted,
    ImportRowUnknown,
    ImportsTooMany,
    ImportUnknown,
)
from shuke_core.imports.memory import forget_memory
from shuke_core.imports.reading import forget_refused_rows, work_on_imports
from shuke_core.imports.services import Redone, correct_row, redo_import, request_import
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.plugin_host import enable_plugin
from shuke_core.profiles.avatars import upload_picture

_COUNTS = (
    "SELECT state, encoding, rows, entered, changed, same, refused, bytes_read = size AS whole, "
    "file_id, reason FROM file_import WHERE tenant_id = $1 AND id = $2"
)
HEADINGS = "编码,名称,类目,价格,状态,品牌\n"


async def _counts(shop: Shop, import_id: UUID) -> tuple[object, ...]:
    (row,) = await shop.rows(_COUNTS, import_id)
    return tuple(row.values())


async def _refused(shop: Shop) -> list[tuple[object, ...]]:
    rows = await shop.rows(
        "SELECT row_no, field, code, found FROM refused_row WHERE tenant_id = $1 "
        "AND state = 'open' ORDER BY row_no"
    )
    return [tuple(row.values()) for row in rows]


async def _as_admin() -> None:
    as_staff(await staff_id_of("admin"))


UGLY = (
    "\ufeff" + HEADINGS + 'T-1,"龙井, 明前",饮品 / 茶,¥128.00,上架,西湖\r\n'
    'T-2,"普洱\n熟茶",饮品/茶,99,,\n'
    "T-1,又一个,,1,,\n"  # the same code again
    "T-3,负价,,-3,,\n"
    "T-4,没有价格,,,,\n"
    ",没有编码,,1,,\n"
    "\n"
    ",,,,,\n"
    "T-5,宽,,1,,,,extra\n"
    "T-6,面议,,面议,,\n"
    'T-7,12" 唱片,唱片,30,下架,\n'
    "T-8,状态,,1,maybe,\n"
    "T-9,最后一行,,0,草稿,"
)
FAULTS = [
    (4, "code", "ITEM_REPEATED", "T-1"),
    (5, "price", "PRICE_NEGATIVE", "-3"),
    (6, "price", "ITEM_PRICE_MISSING", "T-4"),
    (7, "code", "ITEM_CODE_MISSING", "null"),
    (10, "$", "ROW_TOO_WIDE", "8"),
    (11, "price", "AMOUNT_INVALID", "面议"),
    (13, "state", "ITEM_STATE_INVALID", "maybe"),
]


@pytest.mark.parametrize("piece", [1 << 20, 7])
async def test_an_ugly_file_goes_in_but_for_what_is_wrong(piece: int, shop: Shop) -> None:
    import_id = await imported(shop, UGLY.encode(), piece)
    assert await _counts(shop, import_id) == ("done", "utf-8", 13, 4, 0, 0, 7, True, None, "")
    assert await items_of(shop) == [
        ("T-1", "龙井, 明前", "茶", 12_800, "on_sale", 1),
        ("T-2", "普洱 熟茶", "茶", 9_900, "on_sale", 1),
        ("T-7", '12" 唱片', "唱片", 3_000, "off_sale", 1),
        ("T-9", "最后一行", None, 0, "draft", 1),
    ]
    assert await _refused(shop) == FAULTS
    assert await shop.rows("SELECT id FROM file WHERE tenant_id = $1") == []
    rows = await shop.rows(
        "SELECT act FROM audit_entry WHERE tenant_id = $1 AND act LIKE 'import.%' ORDER BY id"
    )
    assert [row["act"] for row in rows] == ["import.requested", "import.done"]


async def test_told_again_it_changes_nothing(shop: Shop) -> None:
    await imported(shop, UGLY.encode())
    before = await items_of(shop)
    again = await imported(shop, UGLY.encode())
    assert (await _counts(shop, again))[2:7] == (13, 0, 0, 4, 7)
    assert await items_of(shop) == before
    assert len(await announced(shop, "items.changed")) == 1


async def _writes(shop: Shop, table: str) -> set[tuple[str, str]]:
    """Where each row of the table stands: a row that is written again stands elsewhere."""
    rows = await shop.rows(f"SELECT id::text, ctid::text FROM {table} WHERE tenant_id = $1")
    return {(row["id"], row["ctid"]) for row in rows}


async def test_a_file_that_comes_again_writes_only_the_rows_that_differ(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 50)
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    lines = [f"C{n},名{n},茶,{n},,西湖\n" for n in range(200)]
    await imported(shop, (HEADINGS + "".join(lines)).encode())
    before = {table: await _writes(shop, table) for table in ("item", "retail_item")}
    lines[7], lines[190] = "C7,名7,茶,7.50,,西湖\n", "C190,名190,茶,190,,虎跑\n"
    again = await imported(shop, (HEADINGS + "".join(lines)).encode())
    assert (await _counts(shop, again))[2:7] == (200, 0, 1, 199, 0)
    after = {table: await _writes(shop, table) for table in ("item", "retail_item")}
    assert [len(after[table] - before[table]) for table in before] == [1, 1]


@pytest.mark.parametrize("rows", [1, 500])
async def test_of_a_code_in_two_rows_the_second_is_refused_unless_both_say_what_is_there(
    rows: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", rows)
    first = "".join(f"{code},x,,1,,\n" for code in "ABCD")
    await imported(shop, (HEADINGS + first).encode())
    rest = "A,x,,2,,\nB,,,,,西湖\nC,x,,1,,\nD,x,,2,,\nD,x,,1,,\n"
    again = await imported(shop, (HEADINGS + "A,x,,1,,\nB,x,,1,,\nC,x,,1,,\n" + rest).encode())
    assert (await _counts(shop, again))[2:7] == (8, 0, 1, 4, 3)
    assert [(fault[0], fault[2]) for fault in await _refused(shop)] == [
        (5, "ITEM_REPEATED"),
        (6, "ITEM_REPEATED"),
        (9, "ITEM_REPEATED"),
    ]
    assert [row[3] for row in await items_of(shop)] == [100, 100, 100, 200]


async def test_what_a_file_has_named_is_forgotten_once_its_import_has_ended(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 2)
    await imported(shop, (HEADINGS + "A,x,,1,,\nB,x,,1,,\nC,x,,1,,\n").encode())
    await asked_import(shop, (HEADINGS + "A,x,,1,,\nB,x,,1,,\nC,x,,1,,\n").encode())
    assert await work_on_imports(shop.tenant_id)
    marks = "SELECT octet_length(marks) AS n FROM import_memory WHERE tenant_id = $1 ORDER BY id"
    async with unit_of_work(shop.tenant_id):
        assert await forget_memory() is False
    assert await shop.rows(marks) == [{"n": 16}]
    while await work_on_imports(shop.tenant_id):
        pass
    assert await shop.rows(marks) == [{"n": 16}, {"n": 8}]
    async with unit_of_work(shop.tenant_id):
        assert await forget_memory() is True
        assert await forget_memory() is False
    assert await shop.rows(marks) == []


async def test_what_chinese_spreadsheets_save_is_decoded_and_said(shop: Shop) -> None:
    import_id = await imported(shop, (HEADINGS + "T-1,龙井,茶,1,,\n").encode("gbk"))
    assert (await _counts(shop, import_id))[:4] == ("done", "gb18030", 1, 1)
    assert await items_of(shop) == [("T-1", "龙井", "茶", 100, "on_sale", 1)]


async def test_stray_bytes_of_another_encoding_cost_their_rows(shop: Shop) -> None:
    told, stray = "T-{},龙井,,1,,\n", "T-0,普洱,,1,,\n".encode("gbk")
    data = HEADINGS.encode() + stray + "".join(told.format(n) for n in (1, 2)).encode() + stray
    import_id = await imported(shop, data)
    assert (await _counts(shop, import_id))[:7] == ("done", "utf-8", 4, 2, 0, 0, 2)
    assert [fault[:3] for fault in await _refused(shop)] == [
        (2, "$", "ROW_ENCODING"),
        (5, "$", "ROW_ENCODING"),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("编码,名称\nA,x\n".encode("utf-16"), "it is no CSV text"),
        (b"name,price\nx,1\n", "it has no column code"),
        (b"code,name\n\xff\xff,x\n", "its characters are neither"),
    ],
)
async def test_what_is_no_list_fails_at_once_with_the_reason(
    data: bytes, why: str, shop: Shop
) -> None:
    import_id = await imported(shop, data)
    counts = await _counts(shop, import_id)
    assert counts[0] == "dead"
    assert str(counts[-1]).startswith(f"IMPORT_FILE_INVALID: {why}")
    assert await shop.rows("SELECT id FROM file WHERE tenant_id = $1") == []
    assert await items_of(shop) == []


async def test_refused_rows_are_mended_by_correcting_them(shop: Shop) -> None:
    import_id = await imported(shop, UGLY.encode())
    rows = {
        row["row_no"]: row["id"]
        for row in await shop.rows("SELECT row_no, id FROM refused_row WHERE tenant_id = $1")
    }
    async with unit_of_work(shop.tenant_id):
        await _as_admin()
        assert await correct_row(rows[5], {"price": "-1"}) == Redone(0, 1, 5)
        assert await correct_row(rows[5], {"price": "3"}) == Redone(1, 0, 5)
        assert await correct_row(rows[4], {"code": "T-1b"}) == Redone(1, 0, 4)
        assert await correct_row(rows[10], {"code": "T-5", "name": "宽", "price": "1"}) == Redone(
            1, 0, 10
        )
        wrong: list[object] = [[], {"price": 3}]
        for cells in wrong:
            with pytest.raises(ImportCellsInvalid):
                await correct_row(rows[6], cells)
        with pytest.raises(ImportRowUnknown):
            await correct_row(rows[5], {"price": "3"})
    assert [row[:2] for row in await items_of(shop)][1:6] == [
        ("T-1b", "又一个"),
        ("T-2", "普洱 熟茶"),
        ("T-3", "负价"),
        ("T-5", "宽"),
        ("T-7", '12" 唱片'),
    ]
    assert (await _counts(shop, import_id))[2:7] == (13, 7, 0, 0, 4)


async def test_refused_rows_are_tried_again_once_something_else_is_mended(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shuke_core.catalog.tree.MOST_CATEGORIES", 0)
    import_id = await imported(shop, (HEADINGS + "T-1,龙井,茶,1,,\nT-2,袋,,1,,\n").encode())
    assert await _refused(shop) == [(2, "category", "CATEGORIES_TOO_MANY", "茶")]
    monkeypatch.undo()
    async with unit_of_work(shop.tenant_id):
        await _as_admin()
        assert await redo_import(import_id) == Redone(1, 0, 2)
        assert await redo_import(import_id) == Redone(0, 0, None)
        with pytest.raises(ImportUnknown):
            await redo_import(new_id())
    assert await _refused(shop) == []
    assert [row[:3] for row in await items_of(shop)] == [("T-1", "龙井", "茶"), ("T-2", "袋", None)]


async def test_a_worker_that_dies_leaves_the_rest_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 2)
    lines = "".join(f"C{n},x,,1,,\n" for n in range(7))
    import_id = await asked_import(shop, (HEADINGS + lines).encode(), piece=11)
    assert await work_on_imports(shop.tenant_id)
    assert (await _counts(shop, import_id))[:4] == ("waiting", "utf-8", 2, 2)

    async def dies(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(reading, "keep_refused", dies)
        assert await work_on_imports(shop.tenant_id)
    assert (await _counts(shop, import_id))[:4] == ("waiting", "utf-8", 2, 2)
    await shop.rows("UPDATE file_import SET due_at = now() WHERE tenant_id = $1 RETURNING id")
    while await work_on_imports(shop.tenant_id):
        pass
    assert (await _counts(shop, import_id))[:8] == ("done", "utf-8", 7, 7, 0, 0, 0, True)
    assert len(await items_of(shop)) == 7


async def test_whose_right_is_taken_away_imports_no_more(shop: Shop) -> None:
    import_id = await asked_import(shop, (HEADINGS + "T-1,x,,1,,\n").encode())
    await shop.rows(
        "UPDATE staff SET role = 'clerk' WHERE tenant_id = $1 AND handle = 'admin' RETURNING id"
    )
    assert await work_on_imports(shop.tenant_id)
    assert (await _counts(shop, import_id))[0] == "dead"
    assert await items_of(shop) == []


async def test_what_can_not_be_asked_for(shop: Shop, other_shop: Shop) -> None:
    await shop.staff_login("clerk")
    await other_shop.staff_login()
    async with unit_of_work(other_shop.tenant_id):
        theirs = await stored(b"code\nA\n")
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        admin = await staff_id_of("admin")
    member_id, exported = await shop.member("13800138000"), await ready_export(shop, admin)
    (row,) = await shop.rows("SELECT file_id FROM export WHERE tenant_id = $1")
    assert exported
    async with unit_of_work(shop.tenant_id):
        file_id, empty = await stored(b"code\nA\n"), await stored(b"")
        another_ones = await stored(b"code\nA\n", by="clerk")
        mine = (await upload_picture(admin, read_picture(JPEG))).id
        shown = (await upload_picture(admin, read_picture(JPEG))).id
        await use_upload(shown, member_id)
        as_staff(await staff_id_of("clerk"))
        with pytest.raises(ImportNotPermitted):
            await request_import("items", file_id)
        as_staff(admin)
        with pytest.raises(ImportKindUnknown):
            await request_import("weather", file_id)
        # What an export wrote is nobody's list, nor is a picture; what is taken in is taken in once.
        for unknown in (theirs, another_ones, mine, shown, new_id(), row["file_id"]):
            with pytest.raises(FileUnknown):
                await request_import("items", unknown)
        files = {row["id"] for row in await fetch("SELECT id FROM file WHERE tenant_id = $1")}
        assert files >= {another_ones, mine, shown, row["file_id"]}
        with pytest.raises(ImportFileInvalid):
            await request_import("items", empty)
        with clock.held_at(clock.now() + timedelta(days=2)), pytest.raises(FileUnknown):
            await request_import("items", file_id)
        await request_import("items", file_id)
        with pytest.raises(FileUnknown):
            await request_import("items", file_id)
        for _ in range(4):
            await request_import("items", await stored(b"code\nA\n"))
        with pytest.raises(ImportsTooMany):
            await request_import("items", await stored(b"code\nA\n"))


async def test_refused_rows_are_sealed_and_forgotten_after_thirty_days(shop: Shop) -> None:
    await imported(shop, (HEADINGS + "T-1,王小明 13800138000,,13800138000x,,\n").encode())
    (row,) = await shop.rows("SELECT sealed, found FROM refused_row WHERE tenant_id = $1")
    assert b"13800138000" not in row["sealed"]
    assert "13800138000" not in row["found"]
    async with unit_of_work(shop.tenant_id):
        assert await forget_refused_rows() is False
        with clock.held_at(clock.now() + timedelta(days=31)):
            assert await forget_refused_rows() is True
    assert await _refused(shop) == []


@pytest.mark.slow
async def test_twenty_thousand_rows_are_never_in_memory_together(shop: Shop) -> None:
    await act(shop, lambda: create_category("类0"))
    name = "名" * 190  # a row is about 630 bytes: the file has 12 MB
    lines = [f"C{n:06},{name},类{n % 40} / 子类,{n}.00,,品牌{n % 9}\n" for n in range(20_000)]
    data = (HEADINGS + "".join(lines)).encode()
    assert len(data) > 12_000_000
    del lines
    import_id = await asked_import(shop, data)
    del data
    tracemalloc.start()
    try:
        while await work_on_imports(shop.tenant_id):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (await _counts(shop, import_id))[:8] == ("done", "utf-8", 20_000, 20_000, 0, 0, 0, True)
    assert peak < 8 << 20, peak  # a piece, a batch, and what stands between: not the file
    rows = await shop.rows(
        "SELECT count(*) AS n, sum(price_fen)::int8 AS fen FROM item WHERE tenant_id = $1"
    )
    assert rows == [{"n": 20_000, "fen": 100 * sum(range(20_000))}]
    assert rules.LONGEST_ROW * reading.ROWS > reading.MOST_BATCH_BYTES
