"""Retail, where it is on and where it is not."""

from typing import Any

import pytest
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugin_host import configure_plugin, disable_plugin, enable_plugin
from shuke_retail.purchases import purchases_of

PHONE = "13800138000"


async def _on(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")


async def _purchases(shop: Shop) -> list[tuple[str, int, int]]:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        return [(p.source, p.orders, p.spent_fen) for p in await purchases_of(member_id)]


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
