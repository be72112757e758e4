"""Items by webhook: signed, in batches, beside tickets; what can't be read waits in quarantine."""

from typing import Any

import orjson
import pytest
from tests.core.catalog.shelf import items_of
from tests.support.shop import Shop

from shuke_core.integrations.errors import MessageMalformed
from shuke_core.integrations.quarantine import Replayed, correct, replay
from shuke_core.integrations.services import receive_message
from shuke_core.integrations.signatures import sign
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work

TEA = {"code": "T-1", "name": "龙井", "category": "饮品/茶", "price": "128.00"}


async def _send(shop: Shop, message_id: str, items: Any) -> bool:
    body = orjson.dumps({"type": "items", "data": {"items": items}})
    moment = int(clock.now().timestamp())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(shop.secret, message_id, moment, body),
    }
    async with unit_of_work(shop.tenant_id):
        return (await receive_message(shop.integration, headers, body)).known


async def _counts(shop: Shop) -> list[tuple[int, ...]]:
    rows = await shop.rows(
        "SELECT accepted, known, quarantined FROM inbox WHERE tenant_id = $1 ORDER BY id"
    )
    return [tuple(row.values()) for row in rows]


async def test_items_go_in_once_and_the_latest_word_holds(shop: Shop) -> None:
    cheaper = {"code": "T-1", "price": "99"}
    assert await _send(shop, "m-1", [TEA, {"code": "B", "name": "袋", "price": 0.2}]) is False
    assert await _send(shop, "m-1", [TEA]) is True  # the same message: nothing again
    await shop.work("inbox")
    await _send(shop, "m-2", [TEA, cheaper])
    await shop.work("inbox")
    assert await items_of(shop) == [
        ("B", "袋", None, 20, "on_sale", 1),
        ("T-1", "龙井", "茶", 9_900, "on_sale", 2),
    ]
    assert await _counts(shop) == [(2, 0, 0), (1, 1, 0)]


async def test_what_can_not_be_read_waits_and_is_corrected(shop: Shop) -> None:
    await _send(shop, "m-1", [TEA, {"code": "B", "name": "袋", "price": "-1"}, "?"])
    await shop.work("inbox")
    rows = await shop.rows(
        "SELECT id, kind, row_no, field, code, found FROM quarantined_ticket "
        "WHERE tenant_id = $1 ORDER BY row_no"
    )
    assert [tuple(row.values())[1:] for row in rows] == [
        ("item", 2, "price", "PRICE_NEGATIVE", "-1"),
        ("item", 3, "$", "ITEM_NOT_AN_OBJECT", "?"),
    ]
    assert await _counts(shop) == [(1, 0, 2)]
    async with unit_of_work(shop.tenant_id):
        assert await correct(rows[0]["id"], {"price": "0.20"}) == Replayed(1, 0)
        assert (await replay("till"))[0] == Replayed(0, 1)
    assert [row[0] for row in await items_of(shop)] == ["B", "T-1"]


async def test_items_and_tickets_share_a_batch_and_lines_find_what_came_with_them(
    shop: Shop,
) -> None:
    line = {"sku": "T-1", "name": "龙井", "quantity": "1", "amount": "128.00"}
    await shop.send(shop.ticket(total="128.00", lines=[line]), shop.ticket(store="S9"))
    await _send(shop, "m-1", [TEA, {"code": ""}])
    await shop.work("inbox")
    rows = await shop.rows(
        "SELECT sku, item_price_fen, category_name FROM order_line WHERE tenant_id = $1"
    )
    assert [tuple(row.values()) for row in rows] == [("T-1", 12_800, "茶")]
    kinds = await shop.rows("SELECT kind FROM quarantined_ticket WHERE tenant_id = $1 ORDER BY 1")
    assert [row["kind"] for row in kinds] == ["item", "ticket"]
    async with unit_of_work(shop.tenant_id):  # each is tried again as what it is
        assert (await replay("till"))[0] == Replayed(0, 2)


@pytest.mark.parametrize("items", [{}, [], [TEA] * 501])
async def test_a_message_without_a_list_of_items_is_refused(items: Any, shop: Shop) -> None:
    with pytest.raises(MessageMalformed):
        await _send(shop, "m-1", items)
    assert await _counts(shop) == []
