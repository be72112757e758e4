"""What mutations of orders are asked with, so that each leaves its act."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from tests.support.shop import Shop

from shuke_core.catalog.rules import ItemState
from shuke_core.catalog.services import create_item
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.placing import Wanted, order_at_counter

Given = dict[str, Any]


async def _shelf(shop: Shop) -> Given:
    async with unit_of_work(shop.tenant_id):
        await create_item("A", "茶", 100, state=ItemState.ON_SALE)
    return {"key": "k-1"}


async def counter_order(shop: Shop) -> str:
    """An order at the counter, to be paid for; its id."""
    await _shelf(shop)
    async with unit_of_work(shop.tenant_id):
        return str(await order_at_counter(None, "S1", [Wanted("A", Decimal(2))], 200))


async def _placed(shop: Shop) -> Given:
    return {"id": await counter_order(shop), "key": "k-1"}


async def _paid(shop: Shop) -> Given:
    placed = await _placed(shop)
    rows = await shop.rows("SELECT external_no FROM orders WHERE tenant_id = $1")
    paid = shop.ticket(kind="payment", order=rows[0]["external_no"], channel="counter", amount="2")
    await shop.sold(paid)
    return placed


_ENTER = (
    'createOrder(order: {storeCode: "S1", lines: [{itemCode: "A"}], expectedTotalFen: 100}, '
    "idempotencyKey: $key)"
)

ORDER_MUTATIONS: dict[str, tuple[str, Callable[[Shop], Awaitable[Given]], str]] = {
    "createOrder": (_ENTER, _shelf, "order.placed"),
    "fulfilOrder": ("fulfilOrder(id: $id)", _placed, "order.fulfilled"),
    "completeOrder": ("completeOrder(id: $id)", _placed, "order.completed"),
    "cancelOrder": ('cancelOrder(id: $id, reason: "x")', _placed, "order.cancelled"),
    "refundOrder": (
        'refundOrder(id: $id, amountFen: 50, reason: "x", idempotencyKey: $key)',
        _paid,
        "order.refunded",
    ),
}
