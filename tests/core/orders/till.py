"""A source that tells of sales and refunds, and what the shop then holds."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.services import NewSale, record_sales
from shuke_core.orders.steps import NewRefund, NewStep, record_refunds, record_steps
from shuke_core.tenants.queries import stores_by_code

Result = TypeVar("Result")
DAY, NEXT_DAY = date(2026, 3, 1), date(2026, 3, 2)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_OTHERS = {"member.joined", "audit.recorded"}  # what no order announces


class Till:
    """What a source tells of one shop, and what the shop holds afterwards."""

    def __init__(self, shop: Shop, stores: dict[str, UUID]) -> None:
        self.shop, self.stores = shop, stores

    @classmethod
    async def at(cls, shop: Shop) -> "Till":
        async with unit_of_work(shop.tenant_id):
            return cls(shop, dict(await stores_by_code(["S1", "S2"])))

    def sale(self, no: str = "T1", total_fen: int = 1000, **fields: Any) -> NewSale:
        known: dict[str, Any] = {
            "store_id": self.stores[fields.pop("store", "S1")],
            "business_day": DAY,
            "placed_at": AT,
            "received_at": AT,
            "member_id": None,
            "lines": (),
        }
        return NewSale(external_no=no, total_fen=total_fen, **(known | fields))

    def refund(self, no: str, total_fen: int, of: str = "T1", **fields: Any) -> NewRefund:
        known: dict[str, Any] = {
            "store_id": self.stores[fields.pop("store", "S1")],
            "business_day": DAY,
            "refunded_at": clock.now(),
            "refunds_no": of,
            "refunds_day": None,
            "lines": (),
        }
        return NewRefund(external_no=no, total_fen=total_fen, **(known | fields))

    def step(self, kind: OrderStepKind, no: str = "N1", **fields: Any) -> NewStep:
        known: dict[str, Any] = {
            "store_id": self.stores[fields.pop("store", "S1")],
            "business_day": DAY,
            "happened_at": fields.pop("at", AT),
            "order_no": "T1",
        }
        return NewStep(kind, external_no=no, **(known | fields))

    def payment(self, no: str, amount_fen: int, **fields: Any) -> NewStep:
        return self.step(OrderStepKind.PAYMENT, no, amount_fen=amount_fen, **fields)

    async def tells(self, *steps: NewStep, source: str = "till") -> list[bool]:
        return await self._act(lambda: record_steps(source, steps))

    async def sells(self, *sales: NewSale, source: str = "till") -> list[bool]:
        return await self._act(lambda: record_sales(source, "CNY", sales))

    async def refunds(self, *refunds: NewRefund, source: str = "till") -> list[bool]:
        return await self._act(lambda: record_refunds(source, refunds))

    async def _act(self, verb: Callable[[], Awaitable[Result]]) -> Result:
        async with unit_of_work(self.shop.tenant_id):
            return await verb()

    async def orders(self) -> list[tuple[str, str, int, int]]:
        """(number, state, refunded, version) of every order, oldest day first."""
        rows = await self.shop.rows(
            "SELECT external_no, state, refunded_fen, version FROM orders "
            "WHERE tenant_id = $1 ORDER BY business_day, external_no"
        )
        return [(r["external_no"], r["state"], r["refunded_fen"], r["version"]) for r in rows]

    async def states(self) -> dict[str, str]:
        """Each refund's state by its number."""
        rows = await self.shop.rows("SELECT external_no, state FROM refund WHERE tenant_id = $1")
        return {row["external_no"]: row["state"] for row in rows}

    async def contradictions(self) -> dict[str, str]:
        """What contradicts itself, by the order's number."""
        rows = await self.shop.rows(
            "SELECT external_no, contradiction FROM orders WHERE tenant_id = $1 "
            "AND contradiction IS NOT NULL"
        )
        return {row["external_no"]: row["contradiction"] for row in rows}

    async def announced(self) -> list[str]:
        rows = await self.shop.rows("SELECT type FROM event WHERE tenant_id = $1 ORDER BY id")
        return [row["type"] for row in rows if row["type"] not in _OTHERS]
