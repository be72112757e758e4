"""Probes of orders, asked for by another tenant's handles."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

from tests.support.exports import as_staff
from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_one
from shuke_core.orders.channels import Saying
from shuke_core.orders.handling import cancel_own_order, refund_order, say_of_order
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.placing import Wanted, order_at_counter, order_by_member
from shuke_core.orders.queries import order_of_id, own_order
from shuke_core.orders.steps import NewStep, record_steps


async def _as_admin() -> None:
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND role = 'admin' LIMIT 1")
    assert row is not None
    as_staff(row["id"])


async def _say(h: Handles) -> object:
    await _as_admin()
    await say_of_order(h.order_id, Saying.FULFIL)
    return "said"


async def _refund(h: Handles) -> object:
    await _as_admin()
    await refund_order(h.order_id, 1, (), "x")
    return "refunded"


async def _counter(h: Handles) -> object:
    await _as_admin()
    return bool(await order_at_counter(h.member_id, "S1", [Wanted("none", Decimal(1))], 1))


async def _order(h: Handles) -> object:
    return bool(await order_by_member(h.member_id, "S1", [Wanted("none", Decimal(1))], 1))


async def _step(h: Handles) -> object:
    number, now = secrets.token_hex(8), clock.now()
    step = NewStep(OrderStepKind.FULFILMENT, h.store_id, number, date(2026, 1, 1), now, number)
    return await record_steps("probe", [step])


ORDERED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "order_of_id": lambda h: columns_of(order_of_id(h.order_id), "no"),
    "own_order": lambda h: columns_of(own_order(h.order_id, h.member_id), "no"),
    "say_of_order": _say,
    "refund_order": _refund,
    "cancel_own_order": lambda h: cancel_own_order(h.member_id, h.order_id),
    "order_at_counter": _counter,
    "order_by_member": _order,
    "record_steps": _step,
}
