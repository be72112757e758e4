"""Pages of orders, and orders that facts are joined to, among 30,000: plans as the app role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from tests.support.reading import told_staff
from tests.support.scratch import connection_to, undisturbed
from tests.support.shop import Shop, open_shop
from tests.support.statements import as_any_read

from shuke_core.embedded import EmbeddedServers
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.steps import NewStep, record_steps
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import stores_by_code

pytestmark = pytest.mark.slow

ORDERS, RARE = 30_000, 300  # one in so many waits to be handed out, or contradicts itself
TABLES = {"orders", "order_line", "order_step", "refund", "refund_line"}
_ID = "md5('o' || $1::uuid::text || n)::uuid"
_STORE = "(SELECT id FROM store WHERE tenant_id = $1::uuid AND code = 'S1')"
_AT = "now() - make_interval(secs => n)"
_FILL = f"""
INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day, state, told_whole,
                    total_fen, paid_fen, refunded_fen, currency, placed_at, completed_at, received_at,
                    recorded_at, version, contradiction)
SELECT $1::uuid, {_ID}, 'web', {_STORE}, 'N' || n, '2026-01-01',
       CASE WHEN n % {RARE} = 0 THEN 'paid' ELSE 'completed' END, false, 100, 100, 0, 'CNY', {_AT},
       CASE WHEN n % {RARE} = 0 THEN NULL ELSE {_AT} END, now(), now(), 1,
       CASE WHEN n % {RARE} = 1 THEN 'paid_too_much' END FROM generate_series(1, {ORDERS}) n;
INSERT INTO order_line (tenant_id, id, order_id, line_no, name, quantity, amount_fen)
SELECT $1::uuid, gen_random_uuid(), {_ID}, 1, 'x', 1, 100 FROM generate_series(1, {ORDERS}) n;
INSERT INTO order_step (tenant_id, id, source, store_id, kind, external_no, business_day, order_id,
                        channel, order_no, amount_fen, happened_at, recorded_at)
SELECT $1::uuid, gen_random_uuid(), 'web', {_STORE}, 'payment', 'P' || n, '2026-01-01', {_ID}, 'web',
       'N' || n, 100, {_AT}, now() FROM generate_series(1, {ORDERS}) n;
INSERT INTO refund (tenant_id, id, source, store_id, external_no, business_day, order_id, channel,
                    refunds_no, state, total_fen, refunded_at, recorded_at)
SELECT $1::uuid, {_ID}, 'web', {_STORE}, 'R' || n, '2026-01-01', {_ID}, 'web', 'N' || n, 'applied', 10,
       {_AT}, now() FROM generate_series(1, {ORDERS}) n;
INSERT INTO refund_line (tenant_id, id, refund_id, line_no, amount_fen)
SELECT $1::uuid, gen_random_uuid(), {_ID}, 1, 10 FROM generate_series(1, {ORDERS}) n
"""


@asynccontextmanager
async def _busy_shop(runtime: Runtime, servers: EmbeddedServers) -> AsyncIterator[Shop]:
    """A shop with 30,000 orders of a web shop, each with a line, a payment and a refund; in a database of
    its own, since plans follow the statistics of all who are in one."""
    async with undisturbed(runtime, servers) as alone:
        shop = await open_shop(alone, points_per_yuan=Decimal(1), expires_after_days=365)
        async with connection_to(alone.places.owner()) as owner:
            async with owner.transaction():
                await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
                for statement in _FILL.split(";"):
                    await owner.execute(statement, shop.tenant_id)
            for table in sorted(TABLES):
                await owner.execute(f"VACUUM ANALYZE {table}")
        yield shop


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Every scan of these tables in what is read: its kind, the table, how many rows it went through."""
    found: list[tuple[str, str, int]] = []
    fetch, alone = UnitConnection.fetch, UnitConnection.read

    def note(plan: dict[str, Any]) -> None:
        if plan.get("Relation Name") in TABLES:
            each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
            rows = round(each * plan["Actual Loops"])
            found.append((plan["Node Type"], plan["Relation Name"], rows))
        for child in plan.get("Plans", []):
            note(child)

    async def explained(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        if sql.lstrip().upper().startswith("SELECT"):
            rows = await fetch(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
            note(orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"])
        return await fetch(self, sql, *values)

    async def read(self: UnitConnection, sql: str, *values: object) -> Any:
        await explained(self, sql, *values)
        return await alone(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "read", read)
    monkeypatch.setattr(UnitConnection, "read_apart", as_any_read)
    monkeypatch.setattr(UnitConnection, "fetch", explained)
    return found


PAGE = """
query ($state: OrderState, $contradicting: Boolean! = false) {
  orders(state: $state, contradicting: $contradicting, first: 20) {
    edges { node {
      no state lines { name refundedFen refundedQuantity } payments { no } steps { kind }
      refunds { no lines { line } }
    } }
  }
}
"""


async def test_a_page_of_orders_with_all_they_have_reads_a_page(
    runtime: Runtime, servers: EmbeddedServers, scans: list[tuple[str, str, int]]
) -> None:
    async with _busy_shop(runtime, servers) as shop:
        for asked in ({}, {"state": "PAID"}, {"contradicting": True}):
            scans.clear()
            async with unit_of_work(shop.tenant_id):
                told = await told_staff(PAGE, **asked)
            assert len(told["orders"]["edges"]) == 20
            assert {table for _, table, _ in scans} == TABLES
            for kind, table, rows in scans:
                assert kind != "Seq Scan", (asked, table)
                assert rows <= 45, (asked, table, rows)


async def test_what_is_told_of_an_order_finds_it_and_reads_what_was_told_of_it_alone(
    runtime: Runtime, servers: EmbeddedServers, scans: list[tuple[str, str, int]]
) -> None:
    async with _busy_shop(runtime, servers) as shop, unit_of_work(shop.tenant_id):
        store = (await stores_by_code(["S1"]))["S1"]
        scans.clear()
        step = NewStep(
            *(OrderStepKind.FULFILMENT, store, "F1", date(2026, 1, 1), clock.now(), "N77")
        )
        assert await record_steps("web", [step]) == [True]
        assert scans
        for kind, table, rows in scans:
            assert kind != "Seq Scan", table
            assert rows <= 5, (table, rows)
