"""Short ways to tell of orders and refunds, and to ask what a member holds."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.queries import Balance, balance_of
from shuke_core.runtime import Runtime
from shuke_core.tenants.services import open_tenant, register_tenant

Result = TypeVar("Result")
PHONE = "13800138000"


async def act(shop: Shop, verb: Callable[[], Awaitable[Result]]) -> Result:
    """Runs one verb in a unit of work of the shop's."""
    async with unit_of_work(shop.tenant_id):
        return await verb()


def order(member_id: UUID | None, total_fen: int, **fields: Any) -> dict[str, Any]:
    """A payload of `order.completed`."""
    now = clock.now()
    return {
        "order_id": str(new_id()),
        "member_id": str(member_id) if member_id else None,
        "store_id": str(new_id()),
        "total_fen": total_fen,
        "business_day": now.date().isoformat(),
        "placed_at": now.isoformat(),
        "received_at": now.isoformat(),
        **fields,
    }


def refund(of: dict[str, Any], before_fen: int, after_fen: int) -> dict[str, Any]:
    """A payload of `order.refunded`."""
    return {
        "order_id": of["order_id"],
        "refund_id": str(new_id()),
        "member_id": of["member_id"],
        "total_fen": of["total_fen"],
        "refunded_before_fen": before_fen,
        "refunded_fen": after_fen,
        "refunded_at": clock.now().isoformat(),
    }


async def balance(shop: Shop, member_id: UUID) -> Balance:
    """The member's balance now."""
    return await act(shop, lambda: balance_of(member_id))


async def holds(shop: Shop, member_id: UUID) -> tuple[int, int]:
    """(points to spend, points owed) of the member now."""
    found = await balance(shop, member_id)
    return found.available, found.debt


async def tenant_in(runtime: Runtime, zone: str) -> Shop:
    """A tenant of that zone, without a rule, stores or till."""
    slug = f"t-{secrets.token_hex(6)}"
    tenant_id, _ = await register_tenant(
        runtime.places.owner(), slug=slug, name="Tienda", zone=zone
    )
    async with unit_of_work(tenant_id):
        await open_tenant()
    return Shop(tenant_id, slug, "", runtime=runtime)
