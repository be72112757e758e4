"""Tenants with rows in every table, made by doing what the product does."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from tests.support.catalogue import partitions, tenant_tables
from tests.support.scratch import connection_to
from tests.support.shop import Shop, open_shop

from shuke_core.events.parking import park
from shuke_core.integrations.quarantine import waiting_tickets
from shuke_core.integrations.services import add_integration, integration_of
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.pagination import to_cursor
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.queries import balance_of, earned_by
from shuke_core.ledger.services import Cause, spend
from shuke_core.members.services import issue_token
from shuke_core.orders.queries import orders_before
from shuke_core.places import Places
from shuke_core.plugin_host import enable_plugin, installed_plugins
from shuke_core.plugins.services import note_fault
from shuke_core.points.services import set_earning_rule
from shuke_core.runtime import Runtime
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.queries import stores_by_code
from shuke_core.tenants.services import add_store
from shuke_core.worker.schedules import enrol_tenant, run_schedules


@dataclass(frozen=True, slots=True)
class Handles:
    """Everything by which somebody may ask a service for a thing of a tenant."""

    member_id: UUID
    account_id: UUID
    entry_id: UUID
    order_id: UUID
    store_id: UUID
    integration_id: UUID
    ticket_id: UUID
    store_code: str
    integration: str
    phone: str
    token: str
    cursor: str
    secret: str


@dataclass(frozen=True, slots=True)
class FullTenant:
    """A tenant with rows in every table: `ids` are those of each."""

    shop: Shop
    handles: Handles
    ids: dict[str, list[UUID]]

    @property
    def tenant_id(self) -> UUID:
        return self.shop.tenant_id


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tenants, and the tables and partitions of the database they live in."""

    one: FullTenant
    other: FullTenant
    tables: tuple[str, ...]
    partitions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A migrated database that a test may bend, and two tenants in it."""

    places: Places
    pair: Pair


def _phone() -> str:
    return f"138{secrets.randbelow(10**8):08}"


async def _trade(shop: Shop, phone: str) -> None:
    lines = [{"sku": "A", "name": "茶", "quantity": "1", "amount": "100.00"}]
    sale = shop.ticket(phone=phone, total="100.00", lines=lines)
    await shop.sold(sale)
    part = shop.refund(sale, "20.00", lines=[{"line": 1, "amount": "20.00"}])
    await shop.sold(part, shop.ticket(store="S9"))


async def _schedules(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await enrol_tenant()
        await fetch(
            "UPDATE schedule SET slot_at = $2, due_at = $2 WHERE tenant_id = $1",
            clock.now() - timedelta(hours=1),
        )
    assert await run_schedules(shop.tenant_id)


async def _plugins(shop: Shop) -> None:
    """Every plugin is on, so that its tables fill as well; and one has failed once."""
    async with unit_of_work(shop.tenant_id):
        for plugin in installed_plugins():
            await enable_plugin(plugin.key)
        await note_fault(plugin.key, "test", RuntimeError("planted"))


async def full_tenant(runtime: Runtime) -> FullTenant:
    """Sells, refunds, spends, quarantines, parks and keeps a schedule."""
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)
    phone, suffix = _phone(), secrets.token_hex(4)
    await _plugins(shop)
    await _trade(shop, phone)
    await _schedules(shop)
    member_id = await shop.member(phone)
    async with unit_of_work(shop.tenant_id):
        await add_store(f"S-{suffix}", "独店")
        secret = await add_integration(f"i-{suffix}")
        assert secret is not None
        await set_earning_rule(Decimal(secrets.randbelow(900) + 2), None)
        account_id = (await balance_of(member_id)).account_id
        assert account_id is not None
        await spend(account_id, 5, Cause("gift", new_id()))
        await park("points.rate_orders", 1, "order:1", ValueError("made up"))
        order = (await orders_before(member_id, None, 1))[0]
        keys = await tenant_keys()
        handles = Handles(
            member_id=member_id,
            account_id=account_id,
            entry_id=(await earned_by("order", [order.id]))[order.id].entry_id,
            order_id=order.id,
            store_id=(await stores_by_code([f"S-{suffix}"]))[f"S-{suffix}"],
            integration_id=await integration_of("till"),
            ticket_id=(await waiting_tickets("till"))[0].id,
            store_code=f"S-{suffix}",
            integration=f"i-{suffix}",
            phone=phone,
            token=await issue_token(member_id),
            cursor=to_cursor(keys.digesting, "member.orders", (order.placed_at, order.id)),
            secret=shop.secret,
        )
    return FullTenant(shop, handles, {})


async def _ids(tenant: FullTenant, tables: tuple[str, ...]) -> None:
    async with unit_of_work(tenant.tenant_id):
        for table in tables:
            rows = await fetch(f"SELECT id FROM {table} WHERE tenant_id = $1")
            assert rows, f"{table} has no row of the tenant: the isolation suite can't judge it"
            tenant.ids[table] = [row["id"] for row in rows]


async def full_pair(runtime: Runtime) -> Pair:
    """Two such tenants. Fails when a table of the catalogue stays empty for one of them."""
    async with connection_to(runtime.places.owner()) as db:
        tables = tuple(await tenant_tables(db))
        parts = tuple(await partitions(db))
    one, other = await full_tenant(runtime), await full_tenant(runtime)
    for tenant in (one, other):
        await _ids(tenant, tables)
    return Pair(one, other, tables, parts)
