"""Items by hand and by batch: what is told, what stays, who was quicker, what lines copy."""

from decimal import Decimal
from uuid import UUID

import pytest
from tests.core.catalog.shelf import act, announced, items_of
from tests.support.imports import asked_import
from tests.support.shop import Shop

from shuke_core.catalog.errors import (
    CategoryUnknown,
    ItemChanged,
    ItemCodeTaken,
    ItemInvalid,
    ItemStateRefused,
    ItemUnknown,
)
from shuke_core.catalog.rules import ItemState
from shuke_core.catalog.services import (
    ItemChange,
    change_item,
    create_item,
    retire_item,
    take_items,
)
from shuke_core.catalog.told import ItemOutcome, ItemRefused, ToldItem
from shuke_core.catalog.tree import change_category, create_category, move_category
from shuke_core.kit.ids import new_id

ENTERED, CHANGED, SAME = ItemOutcome.ENTERED, ItemOutcome.CHANGED, ItemOutcome.SAME
TEA = ToldItem("T-1", "龙井", ("饮品", "茶"), 12_800, ItemState.ON_SALE)


async def test_an_item_is_entered_with_all_it_says(shop: Shop) -> None:
    drinks = await act(shop, lambda: create_category("饮品"))
    item = await act(shop, lambda: create_item(" Ｔ-1 ", "龙井  茶", 12_800, category_id=drinks))
    assert await items_of(shop) == [("T-1", "龙井 茶", "饮品", 12_800, "draft", 1)]
    told = await announced(shop, "items.changed")
    assert told == [("items.changed", {"via": "staff", "item_ids": [str(item)]})]


@pytest.mark.parametrize(
    ("code", "name", "price"),
    [("", "茶", 1), ("T", "", 1), ("T", "茶", -1), ("T", "茶", 10**12), ("T" * 65, "茶", 1)],
)
async def test_what_can_not_be_read_is_no_item(
    code: str, name: str, price: int, shop: Shop
) -> None:
    with pytest.raises(ItemInvalid):
        await act(shop, lambda: create_item(code, name, price))
    assert await items_of(shop) == []


async def test_a_code_is_one_items_alone(shop: Shop, other_shop: Shop) -> None:
    for each in (shop, other_shop):
        await act(each, lambda: create_item("T-1", "龙井", 100))
    with pytest.raises(ItemCodeTaken):
        await act(shop, lambda: create_item("T-1", "普洱", 200))
    assert await items_of(shop) == [("T-1", "龙井", None, 100, "draft", 1)]


async def test_a_change_takes_the_version_that_was_read(shop: Shop) -> None:
    item = await act(shop, lambda: create_item("T-1", "龙井", 100))
    assert await act(shop, lambda: change_item(item, 1, ItemChange(price_fen=90))) == 2
    with pytest.raises(ItemChanged) as late:
        await act(shop, lambda: change_item(item, 1, ItemChange(price_fen=80)))
    assert late.value.facts == {"version": 2}
    assert await act(shop, lambda: change_item(item, 2, ItemChange(price_fen=90))) == 2
    assert await items_of(shop) == [("T-1", "龙井", None, 90, "draft", 2)]
    acts = await shop.rows(
        "SELECT act FROM audit_entry WHERE tenant_id = $1 AND act LIKE 'item.%' ORDER BY id"
    )
    assert [row["act"] for row in acts] == ["item.created", "item.changed"]


async def test_it_is_taken_out_of_its_category_only_when_that_is_said(shop: Shop) -> None:
    drinks = await act(shop, lambda: create_category("饮品"))
    item = await act(shop, lambda: create_item("T-1", "龙井", 100, category_id=drinks))
    await act(shop, lambda: change_item(item, 1, ItemChange(name="明前龙井")))
    assert (await items_of(shop))[0][1:3] == ("明前龙井", "饮品")
    await act(shop, lambda: change_item(item, 2, ItemChange(no_category=True)))
    assert (await items_of(shop))[0][2] is None


async def test_what_was_on_offer_is_no_draft_again(shop: Shop) -> None:
    item = await act(shop, lambda: create_item("T-1", "龙井", 100, state=ItemState.ON_SALE))
    with pytest.raises(ItemStateRefused):
        await act(shop, lambda: change_item(item, 1, ItemChange(state=ItemState.DRAFT)))
    await act(shop, lambda: change_item(item, 1, ItemChange(state=ItemState.OFF_SALE)))
    assert (await items_of(shop))[0][4:] == ("off_sale", 2)


async def test_ids_that_are_nobodys_are_refused(shop: Shop, other_shop: Shop) -> None:
    theirs = await act(other_shop, lambda: create_item("T-1", "龙井", 100))
    drinks = await act(other_shop, lambda: create_category("饮品"))
    mine = await act(shop, lambda: create_item("T-1", "龙井", 100))
    for unknown in (theirs, new_id()):
        with pytest.raises(ItemUnknown):
            await act(shop, lambda item=unknown: change_item(item, 1, ItemChange(name="x")))  # type: ignore[misc]
    for unknown in (drinks, new_id()):
        with pytest.raises(CategoryUnknown):
            await act(shop, lambda c=unknown: change_item(mine, 1, ItemChange(category_id=c)))  # type: ignore[misc]
    assert (await items_of(shop))[0][5] == 1


async def test_a_batch_makes_what_lacks_and_told_again_changes_nothing(shop: Shop) -> None:
    batch = [TEA, ToldItem("T-2", "普洱", ("饮品", "茶"), 9_900), ToldItem("B", "袋", None, 20)]
    assert await act(shop, lambda: take_items(batch, "erp")) == [ENTERED] * 3
    assert await act(shop, lambda: take_items(batch, "erp")) == [SAME] * 3
    assert await items_of(shop) == [
        ("B", "袋", None, 20, "on_sale", 1),
        ("T-1", "龙井", "茶", 12_800, "on_sale", 1),
        ("T-2", "普洱", "茶", 9_900, "on_sale", 1),
    ]
    assert len(await announced(shop, "items.changed")) == 1
    assert len(await announced(shop, "categories.changed")) == 1


async def test_what_is_not_told_stays(shop: Shop) -> None:
    await act(shop, lambda: take_items([TEA], "erp"))
    told = ToldItem("T-1", price_fen=11_000)
    assert await act(shop, lambda: take_items([told], "erp")) == [CHANGED]
    assert await items_of(shop) == [("T-1", "龙井", "茶", 11_000, "on_sale", 2)]


async def test_of_a_new_one_name_and_price_must_be_told(shop: Shop) -> None:
    told = [ToldItem("A", price_fen=1), ToldItem("B", "袋"), TEA]
    assert await act(shop, lambda: take_items(told, "erp")) == [
        ItemRefused("name", "ITEM_NAME_MISSING", "A"),
        ItemRefused("price", "ITEM_PRICE_MISSING", "B"),
        ENTERED,
    ]


async def test_a_connector_has_the_last_word_and_a_file_the_first(shop: Shop) -> None:
    twice = [TEA, ToldItem("T-1", "狮峰龙井")]
    assert await act(shop, lambda: take_items(twice, "erp")) == [ENTERED, CHANGED]
    assert (await items_of(shop))[0][1] == "狮峰龙井"
    file, another = [await asked_import(shop, b"code\nT-1\n") for _ in range(2)]
    repeated = ItemRefused("code", "ITEM_REPEATED", "T-1")
    assert await act(shop, lambda: take_items(twice, "file", file)) == [CHANGED, repeated]
    # Also where it comes in a later batch of the same file, and not in another one.
    assert await act(shop, lambda: take_items(twice[1:], "file", file)) == [repeated]
    assert await act(shop, lambda: take_items([TEA], "file", another)) == [SAME]
    assert (await items_of(shop))[0][1] == "龙井"


async def test_what_is_retired_is_sold_no_more_whoever_tells_so(shop: Shop) -> None:
    await act(shop, lambda: take_items([TEA], "erp"))
    (row,) = await shop.rows("SELECT id FROM item WHERE tenant_id = $1")
    assert await act(shop, lambda: retire_item(row["id"], 1)) == 2
    for state in (ItemState.ON_SALE, ItemState.OFF_SALE):
        with pytest.raises(ItemStateRefused):
            await act(shop, lambda s=state: change_item(row["id"], 2, ItemChange(state=s)))  # type: ignore[misc]
        told = [ToldItem("T-1", "井", ("饮品", "茶"), 1, state), ToldItem("T-2", "袋", None, 5)]
        for via, file in (("erp", None), ("file", await asked_import(shop, b"code\nT-1\n"))):
            fates = await act(shop, lambda t=told, v=via, f=file: take_items(t, v, f))  # type: ignore[misc]
            assert fates[0] == ItemRefused("state", "ITEM_RETIRED", "T-1")
            assert isinstance(fates[1], ItemOutcome)
    assert (await items_of(shop))[0] == ("T-1", "龙井", "茶", 12_800, "retired", 2)
    # Its name may still be put right, and who calls it a draft, or says no state, means no sale.
    assert await act(shop, lambda: change_item(row["id"], 2, ItemChange(name="龙井茶"))) == 3
    for said in (None, ItemState.DRAFT, ItemState.RETIRED):
        quiet = ToldItem("T-1", "龙井茶", None, 12_800, said)
        assert await act(shop, lambda q=quiet: take_items([q], "erp")) == [SAME]  # type: ignore[misc]


async def test_a_batch_is_a_handful_of_statements_however_many_items(
    shop: Shop, statements: list[str]
) -> None:
    def told(codes: range) -> list[ToldItem]:
        return [ToldItem(f"C{n}", "x", ("a", f"b{n % 7}"), n) for n in codes]

    await act(shop, lambda: take_items(told(range(1)), "erp"))
    counts = []
    for codes in (range(1, 3), range(3, 400)):
        statements.clear()
        await act(shop, lambda codes=codes: take_items(told(codes), "erp"))  # type: ignore[misc]
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9  # with two categories' lock, look-up and insert


# What order lines copy


async def _lines(shop: Shop) -> list[tuple[object, ...]]:
    rows = await shop.rows(
        "SELECT sku, amount_fen, item_price_fen, category_path, category_name FROM order_line "
        "WHERE tenant_id = $1 ORDER BY id"
    )
    return [tuple(row.values()) for row in rows]


def _line(sku: str | None, amount: str) -> dict[str, object]:
    return {"sku": sku, "name": "x", "quantity": "1", "amount": amount}


async def test_lines_copy_price_and_category_of_their_moment(shop: Shop) -> None:
    drinks = await act(shop, lambda: create_category("饮品"))
    tea = await act(shop, lambda: create_category("茶", drinks))
    item = await act(shop, lambda: create_item("T-1", "龙井", 12_800, category_id=tea))
    await act(shop, lambda: create_item("B", "袋", 20))
    lines = [_line("T-1", "100.00"), _line("B", "0.20"), _line("???", "1.00"), _line(None, "1.00")]
    await shop.sold(shop.ticket(total="102.20", lines=lines))
    copied = [
        ("T-1", 10_000, 12_800, drinks.hex + tea.hex, "茶"),
        ("B", 20, 20, None, None),
        ("???", 100, None, None, None),
        (None, 100, None, None, None),
    ]
    assert await _lines(shop) == copied

    await act(shop, lambda: change_item(item, 1, ItemChange(price_fen=1)))
    await act(shop, lambda: change_category(tea, name="绿茶"))
    await act(shop, lambda: move_category(tea, None))
    assert await _lines(shop) == copied
    await shop.sold(shop.ticket(total="1.00", lines=[_line("T-1", "1.00")]))
    assert (await _lines(shop))[-1] == ("T-1", 100, 1, tea.hex, "绿茶")


async def test_another_tenants_item_of_the_code_is_none(shop: Shop, other_shop: Shop) -> None:
    await act(other_shop, lambda: create_item("T-1", "龙井", 12_800))
    await shop.sold(shop.ticket(total="1.00", lines=[_line("T-1", "1.00")]))
    assert await _lines(shop) == [("T-1", 100, None, None, None)]


async def test_copying_costs_no_statement(shop: Shop, statements: list[str]) -> None:
    from tests.core.orders.till import Till

    from shuke_core.orders.services import NewLine
    from shuke_core.tenants.queries import stores_by_code

    async def stores() -> dict[str, UUID]:
        return await stores_by_code(["S1", "S2"])

    till = Till(shop, await act(shop, stores))
    counts = []
    for no in ("T1", "T2"):
        statements.clear()
        lines = (NewLine("T-1", "龙井", Decimal(1), 1_000),) * (1 if no == "T1" else 200)
        assert await till.sells(till.sale(no, lines=lines)) == [True]
        counts.append(len([each for each in statements if "order_line" in each or "item" in each]))
    assert counts == [1, 1]
