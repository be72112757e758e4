"""A tenant's life: what each state lets in, what rests, and that nothing is left of an erased one."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import Gauge
from tests.support.full_tenants import Pair, full_pair
from tests.support.scratch import connection_to
from tests.support.shop import Shop

from shuke_core.app import DRAINS
from shuke_core.audit.chain import head, verify_chain
from shuke_core.gauges import read_queues
from shuke_core.integrations.inbox import forget_payloads
from shuke_core.kit import metrics
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants import queries
from shuke_core.tenants.errors import (
    TenantClosing,
    TenantErased,
    TenantKeysMissing,
    TenantSuspended,
    TenantUnknown,
)
from shuke_core.tenants.keyring import forget_keys, tenant_keys
from shuke_core.tenants.queries import find_any_tenant, find_receiving_tenant, find_tenant
from shuke_core.tenants.services import register_tenant
from shuke_core.upkeep import erasure
from shuke_core.upkeep.erasure import _children_first, erase_tenant, plan_of
from shuke_core.upkeep.errors import ErasureTooEarly, ErasureUnconfirmed, StateUnfit
from shuke_core.upkeep.services import close_tenant, resume_tenant, suspend_tenant
from shuke_core.worker import drains
from shuke_core.worker.drains import drain_topic

NO_TERM = timedelta(0)


@pytest.fixture(autouse=True)
def states_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_FOUND_SECONDS", 0.0)
    monkeypatch.setattr(drains, "_STATE_SECONDS", 0.0)
    queries._found.clear()
    drains._at_work_until.clear()


@pytest.fixture
def owner(runtime: Runtime) -> str:
    return runtime.places.owner()


@pytest_asyncio.fixture
async def catalogue(owner: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection_to(owner) as db:
        yield db


async def _worker_works() -> None:
    """Three rounds of every topic, as the worker's pumps do them."""
    for _ in range(3):
        for drain in DRAINS:
            await drain_topic(drain)


async def _orders(shop: Shop) -> int:
    rows = await shop.rows("SELECT count(*) AS n FROM orders WHERE tenant_id = $1")
    found: int = rows[0]["n"]
    return found


async def _erase(runtime: Runtime, slug: str, term: timedelta = NO_TERM) -> int:
    return await erase_tenant(
        runtime.places.owner(),
        slug,
        confirmed=slug,
        term=term,
        redis_url=runtime.places.redis_url,
        progress=lambda _: None,
    )


async def test_what_a_suspended_tenant_is_sent_is_kept_and_applied_when_it_is_resumed(
    shop: Shop, owner: str
) -> None:
    await suspend_tenant(owner, shop.slug, "unpaid")
    with pytest.raises(TenantSuspended):
        await find_tenant(shop.slug)
    assert (await find_receiving_tenant(shop.slug)).state == "suspended"
    await shop.send(shop.ticket(phone="13800138000"))
    await _worker_works()
    assert await _orders(shop) == 0
    waiting = await shop.rows("SELECT state FROM inbox WHERE tenant_id = $1")
    assert [row["state"] for row in waiting] == ["pending"]
    await resume_tenant(owner, shop.slug, "paid")
    await _worker_works()
    assert await _orders(shop) == 1
    points = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    assert [row["available"] for row in points] == [12]


async def test_what_a_suspended_tenant_has_makes_nothing_late(shop: Shop, owner: str) -> None:
    await shop.send(shop.ticket())
    await shop.rows(
        "UPDATE inbox SET due_at = now() - interval '900 days' WHERE tenant_id = $1 RETURNING id"
    )
    years = timedelta(days=800).total_seconds()
    await read_queues()
    assert _value(metrics.INBOX_LAG) > years
    await suspend_tenant(owner, shop.slug, "")
    await read_queues()
    assert _value(metrics.INBOX_LAG) < years


def _value(gauge: Gauge) -> float:
    (sample,) = [each for metric in gauge.collect() for each in metric.samples]
    return sample.value


async def _backdated(owner: str, shop: Shop, *days: int) -> None:
    """Suspended and resumed so many days ago, twice that for each pair of days."""
    async with connection_to(owner) as db:
        for act, ago in zip((suspend_tenant, resume_tenant) * (len(days) // 2), days, strict=True):
            await act(owner, shop.slug, "")
            since = timedelta(days=ago)
            column = "state_at" if act is suspend_tenant else "rested_until"
            await db.execute(
                f"UPDATE tenant SET {column} = now() - $2::interval WHERE id = $1",
                *(shop.tenant_id, since),
            )


async def _aged(shop: Shop, days: int) -> None:
    """What was put into quarantine is so many days old, its message too."""
    for table, column in (("quarantined_ticket", "quarantined_at"), ("inbox", "received_at")):
        await shop.rows(
            f"UPDATE {table} SET {column} = now() - make_interval(days => $2) "
            "WHERE tenant_id = $1 RETURNING id",
            days,
        )


@pytest.mark.parametrize(
    ("days", "age", "state"),
    [
        ((), 29, "open"),
        ((), 31, "discarded"),
        ((50, 1), 60, "open"),  # 11 days of its own
        ((50, 1), 78, "open"),
        ((50, 1), 80, "discarded"),  # 31 days of its own
        ((50, 31), 29, "open"),  # all of it afterwards
        ((90, 32), 31, "discarded"),
        ((50, 45, 40, 1), 60, "open"),  # twice: neither counts
        ((90, 85, 10, 5), 31, "open"),
        ((90, 85, 10, 5), 36, "discarded"),
    ],
)
async def test_tickets_in_quarantine_wait_as_long_as_if_there_had_been_no_suspension(
    shop: Shop, owner: str, days: tuple[int, ...], age: int, state: str
) -> None:
    await shop.send(shop.ticket(store="S9"))
    await shop.work("inbox")
    await _aged(shop, age)
    await _backdated(owner, shop, *days)
    async with unit_of_work(shop.tenant_id):
        await forget_payloads()
    rows = await shop.rows(
        "SELECT state, sealed IS NOT NULL AS there FROM quarantined_ticket WHERE tenant_id = $1"
    )
    assert rows == [{"state": state, "there": state == "open"}]


async def test_schedules_of_a_suspended_tenant_rest(shop: Shop, owner: str) -> None:
    await shop.rows(
        "INSERT INTO schedule (tenant_id, id, name, slot_at, state, attempt, due_at) "
        "VALUES ($1, gen_random_uuid(), 'points.let_points_lapse', now(), 'waiting', 0, now()) "
        "ON CONFLICT (tenant_id, name) DO UPDATE SET slot_at = now(), due_at = now() RETURNING id"
    )
    await suspend_tenant(owner, shop.slug, "")
    await _worker_works()
    assert await shop.rows("SELECT id FROM schedule_run WHERE tenant_id = $1") == []
    await resume_tenant(owner, shop.slug, "")
    await _worker_works()
    assert await shop.rows("SELECT id FROM schedule_run WHERE tenant_id = $1") != []


async def test_a_suspension_is_no_fault_of_the_audit_chain(shop: Shop, owner: str) -> None:
    await suspend_tenant(owner, shop.slug, "")
    async with connection_to(owner) as db:
        await db.execute("SELECT set_config('shuke.tenant_id', $1, false)", str(shop.tenant_id))
        await db.execute("UPDATE audit_entry SET recorded_at = now() - interval '1 hour'")
    async with unit_of_work(shop.tenant_id):
        assert (await verify_chain()).faults == ()
    await resume_tenant(owner, shop.slug, "")
    async with unit_of_work(shop.tenant_id):
        assert "no link after a minute" in (await verify_chain()).faults[-1]


async def test_a_closing_tenant_is_read_and_takes_nothing(shop: Shop, owner: str) -> None:
    await close_tenant(owner, shop.slug, "leaves")
    assert (await find_tenant(shop.slug)).state == "closing"
    with pytest.raises(TenantClosing):
        await find_receiving_tenant(shop.slug)
    await resume_tenant(owner, shop.slug, "stays")
    assert (await find_receiving_tenant(shop.slug)).state == "active"


async def test_acts_want_their_state(runtime: Runtime, shop: Shop, owner: str) -> None:
    with pytest.raises(StateUnfit):
        await resume_tenant(owner, shop.slug, "")
    with pytest.raises(StateUnfit):
        await _erase(runtime, shop.slug)
    await suspend_tenant(owner, shop.slug, "")
    with pytest.raises(StateUnfit):
        await suspend_tenant(owner, shop.slug, "")
    await close_tenant(owner, shop.slug, "")
    with pytest.raises(StateUnfit):
        await close_tenant(owner, shop.slug, "")
    with pytest.raises(ErasureTooEarly):
        await _erase(runtime, shop.slug, timedelta(days=30))
    with pytest.raises(ErasureUnconfirmed):
        await erase_tenant(
            owner,
            shop.slug,
            confirmed="",
            term=NO_TERM,
            redis_url=runtime.places.redis_url,
            progress=lambda _: None,
        )
    with pytest.raises(TenantUnknown):
        await close_tenant(owner, "nobody-here", "")
    async with unit_of_work(shop.tenant_id):
        assert (await tenant_keys()).id  # nothing was erased


async def _counts(db: asyncpg.Connection, pair: Pair, tenant_id: object) -> dict[str, int]:
    async with db.transaction():
        await db.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))
        return {
            table: await db.fetchval(
                f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id
            )
            for table in pair.tables
        }


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nothing_is_left_of_an_erased_tenant_and_the_other_is_untouched(
    runtime: Runtime, owner: str, catalogue: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await full_pair(runtime)
    one, other = pair.one, pair.other
    before = await _counts(catalogue, pair, other.tenant_id)
    assert min((await _counts(catalogue, pair, one.tenant_id)).values()) > 0
    async with unit_of_work(one.tenant_id):
        end = await head()
    await close_tenant(owner, one.shop.slug, "")
    monkeypatch.setattr(erasure, "BATCH", 3)

    async def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as half_way:
        half_way.setattr(erasure, "_empty", killed)
        with pytest.raises(KeyboardInterrupt):
            await _erase(runtime, one.shop.slug)
    forget_keys(one.tenant_id)
    async with unit_of_work(one.tenant_id):
        with pytest.raises(TenantKeysMissing):  # unreadable at once, whatever rows are left
            await tenant_keys()
    with pytest.raises(TenantUnknown):
        await find_any_tenant(one.shop.slug)

    assert await _erase(runtime, one.shop.slug) > len(pair.tables) - 3
    assert await _counts(catalogue, pair, one.tenant_id) == dict.fromkeys(pair.tables, 0)
    assert await _counts(catalogue, pair, other.tenant_id) == before
    row = await catalogue.fetchrow("SELECT name, state FROM tenant WHERE id = $1", one.tenant_id)
    assert tuple(row) == ("", "erased")
    lines = await catalogue.fetch(
        "SELECT act, audit_position, audit_mac, audit_entries FROM tenant_life "
        "WHERE of_tenant = $1 ORDER BY at, id",
        one.tenant_id,
    )
    assert [line["act"] for line in lines] == ["closed", "erased", "emptied"]
    assert (lines[1]["audit_position"], bytes(lines[1]["audit_mac"])) == (end.position, end.mac)
    assert lines[1]["audit_entries"] >= end.position > 0
    with pytest.raises(TenantErased):
        await register_tenant(owner, slug=one.shop.slug, name="again", zone="Asia/Shanghai")


async def test_tables_that_can_not_be_put_in_order_stop_it_before_the_keys_go(
    runtime: Runtime, shop: Shop, owner: str
) -> None:
    await close_tenant(owner, shop.slug, "")
    async with connection_to(owner) as db:
        for made in (
            "CREATE TABLE circle_a (tenant_id uuid, id uuid, b uuid, PRIMARY KEY (tenant_id, id))",
            "CREATE TABLE circle_b (tenant_id uuid, id uuid, a uuid, PRIMARY KEY (tenant_id, id), "
            "FOREIGN KEY (tenant_id, a) REFERENCES circle_a)",
            "ALTER TABLE circle_a ADD FOREIGN KEY (tenant_id, b) REFERENCES circle_b",
        ):
            await db.execute(made)
        try:
            with pytest.raises(ValueError, match="circle"):
                await _erase(runtime, shop.slug)
        finally:
            await db.execute("DROP TABLE circle_a, circle_b CASCADE")
    forget_keys(shop.tenant_id)
    async with unit_of_work(shop.tenant_id):
        assert (await tenant_keys()).id
    assert (await find_any_tenant(shop.slug)).state == "closing"


async def test_the_plan_puts_every_table_behind_those_that_refer_to_it(
    catalogue: asyncpg.Connection,
) -> None:
    plan = await plan_of(catalogue)
    assert plan.tables.index("ledger_entry") < plan.tables.index("ledger_account")
    assert plan.tables.index("member_identity") < plan.tables.index("member")
    assert plan.own["member"] == ("merged_into_id",)
    with pytest.raises(ValueError, match="circle"):
        _children_first({"a": {"b"}, "b": {"a"}})
