"""Retail, where it is on and where it is not."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.imports import imported
from tests.support.reading import told_staff
from tests.support.shop import Shop

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.catalog.services import ItemChange, change_item, create_item, take_items
from shuke_core.catalog.told import ToldItem
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent, publish_text
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.plugin_host import configure_plugin, disable_plugin, enable_plugin
from shuke_core.profiles.services import update_member
from shuke_core.rules.errors import RuleInvalid
from shuke_core.rules.queries import filter_of

PHONE, OTHER = "13800138000", "13700137000"


async def _on(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")


async def _purchases(shop: Shop, member_id: UUID | None = None) -> list[tuple[str, int, int]]:
    member_id = member_id or await shop.member(PHONE)
    rows = await shop.rows(
        "SELECT source, orders, spent_fen FROM retail_channel_purchases "
        "WHERE tenant_id = $1 AND member_id = $2 ORDER BY last_at DESC, source",
        member_id,
    )
    return [tuple(row.values()) for row in rows]


async def _quarantined(shop: Shop) -> list[dict[str, Any]]:
    return await shop.rows("SELECT code, found FROM quarantined_ticket WHERE tenant_id = $1")


async def test_purchases_are_counted_by_channel_after_refunds(shop: Shop) -> None:
    await _on(shop)
    first = shop.ticket(phone=PHONE, total="12.50")
    await shop.sold(first, shop.ticket(phone=PHONE, total="7.50"))
    assert await _purchases(shop) == [("till", 2, 2000)]
    await shop.sold(shop.refund(first, "2.50"))
    assert await _purchases(shop) == [("till", 2, 1750)]


async def test_nothing_is_counted_where_it_is_off_and_made_up_for_once_it_is_on(
    shop: Shop,
) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"))
    assert await _purchases(shop) == []
    await _on(shop)
    await shop.work("reactions")
    assert await _purchases(shop) == [("till", 1, 1250)]


async def test_of_a_child_nothing_is_counted_nor_kept(shop: Shop) -> None:
    """Gone with what tells that they are one, and there again if it was wrong."""
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE), shop.ticket(phone=OTHER))
    member_id = await shop.member(PHONE)
    assert await _purchases(shop) == [("till", 1, 1250)]

    async def born(day: date) -> None:
        async with unit_of_work(shop.tenant_id):
            rows = await fetch(
                "SELECT version FROM member WHERE tenant_id = $1 AND id = $2", member_id
            )
            await update_member(member_id, rows[0]["version"], {"birthday": day.isoformat()})
        for _ in range(2):
            await shop.work()

    await born(clock.now().date() - timedelta(days=3650))
    assert await _purchases(shop) == []
    await shop.sold(shop.ticket(phone=PHONE), shop.ticket(phone=OTHER))
    assert await _purchases(shop) == []
    assert await _purchases(shop, await shop.member(OTHER)) == [("till", 2, 2500)]
    await born(clock.now().date() - timedelta(days=36500 // 3))
    assert await _purchases(shop) == [("till", 2, 2500)]


async def test_who_a_guardian_speaks_for_is_a_child_at_once(shop: Shop) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE))
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        version = await publish_text(Purpose.PRIVACY, "隐私政策", "Privacy")
        await give_consent(member_id, Purpose.PRIVACY, version, guardian="王建国")
    for _ in range(2):
        await shop.work()
    assert await _purchases(shop) == []


@pytest.mark.parametrize("number", ["TEST-1", "test-2", "测试3"])
async def test_practice_tickets_are_kept_out_with_the_reason(shop: Shop, number: str) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(no=number, phone=PHONE), shop.ticket(no="A-1", phone=PHONE))
    assert await _quarantined(shop) == [{"code": "PRACTICE_TICKET", "found": "kept out by retail"}]
    assert await _purchases(shop) == [("till", 1, 1250)]


async def test_a_tenant_names_its_own_prefixes(shop: Shop) -> None:
    await _on(shop)
    async with unit_of_work(shop.tenant_id):
        await configure_plugin("retail", {"practice_prefixes": ["LX"]})
    await shop.sold(shop.ticket(no="TEST-1", phone=PHONE), shop.ticket(no="LX-1", phone=PHONE))
    assert len(await _quarantined(shop)) == 1
    assert await _purchases(shop) == [("till", 1, 1250)]


async def test_without_the_plugin_a_practice_ticket_is_a_ticket(
    shop: Shop, other_shop: Shop
) -> None:
    await _on(shop)
    await other_shop.sold(other_shop.ticket(no="TEST-1", phone=PHONE))
    assert await _quarantined(other_shop) == []


async def test_a_merge_adds_up_and_its_undo_takes_off_what_came(shop: Shop) -> None:
    await _on(shop)
    theirs = shop.ticket(phone="13800138009", total="7.50")
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"), theirs)
    kept, gone = await shop.member(PHONE), await shop.member("13800138009")
    async with unit_of_work(shop.tenant_id):
        merge_id = await merge_members(kept, gone)
    assert await _purchases(shop, kept) == [("till", 2, 2000)]
    assert await _purchases(shop, gone) == []
    await shop.sold(shop.refund(theirs, "2.50"), shop.ticket(phone="13800138009", total="1.00"))
    assert await _purchases(shop, kept) == [("till", 3, 1850)]
    async with unit_of_work(shop.tenant_id):
        await undo_merge(merge_id)
    assert await _purchases(shop, kept) == [("till", 2, 1350)]  # what came meanwhile stays
    assert await _purchases(shop, gone) == [("till", 1, 500)]


async def test_a_merge_that_tells_of_a_child_drops_the_sums_and_its_undo_counts_them_anew(
    shop: Shop,
) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE), shop.ticket(phone=OTHER))
    kept, gone = await shop.member(PHONE), await shop.member(OTHER)
    async with unit_of_work(shop.tenant_id):
        day = clock.now().date() - timedelta(days=3650)
        await update_member(gone, 1, {"birthday": day.isoformat()})
    await _worked(shop)
    assert await _purchases(shop, kept) == [("till", 1, 1250)]
    async with unit_of_work(shop.tenant_id):
        merge_id = await merge_members(kept, gone)
    await _worked(shop)
    assert await _purchases(shop, kept) == []
    # Told as an event as well: a plugin whose rows simply move drops them by it.
    told = (
        "SELECT 1 FROM event WHERE tenant_id = $1 AND type = 'member.age_changed' AND entity = $2"
    )
    assert len(await shop.rows(told, f"member:{kept}")) == 1
    async with unit_of_work(shop.tenant_id):
        await undo_merge(merge_id)
    await _worked(shop)
    assert await _purchases(shop, kept) == [("till", 1, 1250)]
    assert await _purchases(shop, gone) == []


async def _worked(shop: Shop) -> None:
    """Events have positions, and reactions have acted on them."""
    for _ in range(2):
        await shop.work()


async def test_a_merge_counts_nothing_where_it_has_never_been_on(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE), shop.ticket(phone="13800138009"))
    kept, gone = await shop.member(PHONE), await shop.member("13800138009")
    async with unit_of_work(shop.tenant_id):
        await merge_members(kept, gone)
    assert await _purchases(shop, kept) == []


async def test_switched_off_the_data_stays(shop: Shop) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"))
    async with unit_of_work(shop.tenant_id):
        await disable_plugin("retail")
    await shop.sold(shop.ticket(phone=PHONE, total="1.00"))
    assert await _purchases(shop) == [("till", 1, 1250)]
    await _on(shop)
    await shop.work("reactions")
    assert await _purchases(shop) == [("till", 2, 1350)]


async def test_rules_ask_for_purchases_over_all_channels_where_it_is_on(shop: Shop) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"), shop.ticket(phone="13900139000"))
    rights = Rights.of(declared_permissions(), EVERY_CLASS)
    spent = {"field": "retail.spent", "op": "gte", "value": 1250}
    by_till = {"field": "retail.channel.source", "op": "eq", "value": "till"}
    document = {
        "all": [spent, {"facts": "retail.channels", "op": "eq", "value": 1, "where": by_till}]
    }
    for dearer, found in ((0, 2), (1, 0)):
        spent["value"] = 1250 + dearer
        async with unit_of_work(shop.tenant_id):
            fits = await filter_of("member", rights, document=document)
            condition, values = fits.numbered("m")
            rows = await fetch(
                f"SELECT m.id FROM member m WHERE m.tenant_id = $1 AND {condition}", *values
            )
        assert len(rows) == found
    async with unit_of_work(shop.tenant_id):
        await disable_plugin("retail")
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(RuleInvalid, match="of the plugin 'retail', which is off"):
            await filter_of("member", rights, document=document)


ITEM = """
query ($id: ID!) { item(id: $id) { code retail { brand barcode spec } } }
"""


async def _retail_items(shop: Shop) -> list[tuple[str | None, ...]]:
    rows = await shop.rows(
        "SELECT i.code, r.brand, r.barcode, r.spec FROM retail_item r "
        "JOIN item i ON i.tenant_id = r.tenant_id AND i.id = r.item_id "
        "WHERE r.tenant_id = $1 ORDER BY i.code"
    )
    return [tuple(row.values()) for row in rows]


async def test_brand_barcode_and_spec_come_with_the_file(shop: Shop) -> None:
    await _on(shop)
    text = "编码,名称,价格,品牌,条码,规格\nA,毛巾,19.5,洁丽雅,6901234567892,34x76\nB,袋,0.2,,,\n"
    await imported(shop, text.encode())
    assert await _retail_items(shop) == [("A", "洁丽雅", "6901234567892", "34x76")]
    # What another file does not tell of stays.
    await imported(shop, "编码,规格\nA,35x80\n".encode())
    assert await _retail_items(shop) == [("A", "洁丽雅", "6901234567892", "35x80")]


async def test_staff_say_and_take_back_what_an_item_is_like(shop: Shop) -> None:
    await _on(shop)
    async with unit_of_work(shop.tenant_id):
        item = await create_item("A", "毛巾", 1_950, details={"brand": "洁丽雅", "spec": "34x76"})
        told = await told_staff(ITEM, id=str(item))
    assert told["item"] == {
        "code": "A",
        "retail": {"brand": "洁丽雅", "barcode": None, "spec": "34x76"},
    }
    async with unit_of_work(shop.tenant_id):
        await change_item(item, 1, ItemChange(details={"brand": "", "barcode": "6901"}))
    assert await _retail_items(shop) == [("A", None, "6901", "34x76")]


async def test_what_a_batch_tells_twice_of_an_item_adds_up(shop: Shop) -> None:
    await _on(shop)
    told = [
        ToldItem("A", "毛巾", None, 1, details={"brand": "洁丽雅", "spec": "34x76"}),
        ToldItem("A", details={"spec": "35x80"}),
    ]
    async with unit_of_work(shop.tenant_id):
        await take_items(told, "erp")
    assert await _retail_items(shop) == [("A", "洁丽雅", None, "35x80")]


async def test_where_it_is_off_items_are_described_by_nobody(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await create_item("A", "毛巾", 1_950, details={"brand": "洁丽雅"})
    assert await _retail_items(shop) == []


async def test_an_item_that_can_not_be_described_is_there_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: object) -> None:
        raise RuntimeError("planted")

    await _on(shop)
    monkeypatch.setattr("shuke_retail.hooks.describe_items", fails)
    async with unit_of_work(shop.tenant_id):
        await create_item("A", "毛巾", 1_950, details={"brand": "洁丽雅"})
    assert [row["code"] for row in await shop.rows("SELECT code FROM item WHERE tenant_id = $1")]
    assert await _retail_items(shop) == []
    faults = await shop.rows("SELECT place, times FROM plugin_fault WHERE tenant_id = $1")
    assert faults == [{"place": "shuke_items_described", "times": 1}]
