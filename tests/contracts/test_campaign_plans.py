"""Rates, participants and effect of a campaign of 20,000, a member's first screen: plans as the app role.

What the product really sends is run under EXPLAIN ANALYZE among 100,000 facts, entries and orders: each
part seeks by the campaign, or by the member, and rates never touch the table itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.core.campaigns.offers import people, running
from tests.support.reading import page_of, told_staff
from tests.support.scratch import connection_to, undisturbed
from tests.support.shop import Shop, open_shop
from tests.support.statements import as_any_read

from shuke_core.campaigns.effect import effect_of
from shuke_core.campaigns.participation import join_campaign
from shuke_core.embedded import EmbeddedServers
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime

pytestmark = pytest.mark.slow

MEMBERS, CAMPAIGNS = 20_000, 4
TABLES = {"campaign_participation", "ledger_entry", "orders", "ledger_account"}
_MEMBER, _ACCOUNT = "md5('m' || $1::uuid::text || n)::uuid", "md5('a' || $1::uuid::text || n)::uuid"
_FILL = f"""
INSERT INTO member (tenant_id, id, card_no, state, joined_at)
SELECT $1::uuid, {_MEMBER}, 'P' || n, 'active', now() FROM generate_series(1, {MEMBERS}) n;
INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
SELECT $1::uuid, {_ACCOUNT}, {_MEMBER}, 'points', 10, 0 FROM generate_series(1, {MEMBERS}) n;
INSERT INTO campaign_participation (tenant_id, id, campaign_id, member_id, kind, times, points,
                                    first_at, last_at)
SELECT $1::uuid, gen_random_uuid(), c.id, {_MEMBER}, k.kind, 1, 0,
       now() - make_interval(secs => n), now()
  FROM generate_series(1, {MEMBERS}) n CROSS JOIN campaign c
 CROSS JOIN (VALUES ('seen', 1), ('joined', 4)) AS k(kind, nth)
 WHERE c.tenant_id = $1::uuid AND n % k.nth = 0;
INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change, cause_type, cause_id,
                          campaign_id, happened_at, recorded_at)
SELECT $1::uuid, gen_random_uuid(), {_ACCOUNT}, 'earn', 10, 0, 'order', gen_random_uuid(),
       CASE WHEN n % 10 = 0 THEN (SELECT id FROM campaign WHERE tenant_id = $1::uuid AND code = 'C0')
       END, now() - make_interval(secs => n * 40), now()
  FROM generate_series(1, {MEMBERS}) n;
INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day, member_id, state,
                    total_fen, paid_fen, refunded_fen, currency, placed_at, completed_at, received_at,
                    recorded_at, version, campaign_id)
SELECT $1::uuid, gen_random_uuid(), 'till',
       (SELECT id FROM store WHERE tenant_id = $1::uuid AND code = 'S1'), 'N' || n, '2026-01-01',
       {_MEMBER}, 'completed', 100, 100, 0, 'CNY', now() - make_interval(secs => n * 40), now(), now(),
       now(), 1,
       CASE WHEN n % 10 = 0 THEN (SELECT id FROM campaign WHERE tenant_id = $1::uuid AND code = 'C0')
       END
  FROM generate_series(1, {MEMBERS}) n
"""


@asynccontextmanager
async def _busy_shop(
    runtime: Runtime, servers: EmbeddedServers
) -> AsyncIterator[tuple[Shop, UUID]]:
    """A shop with four campaigns that 20,000 saw and 5,000 joined, and one of them; in a database of its
    own, since plans follow the statistics of all who are in one."""
    async with undisturbed(runtime, servers) as alone:
        shop = await open_shop(alone, points_per_yuan=Decimal(1), expires_after_days=365)
        staff = await people(shop)
        campaigns = [await running(shop, staff, f"C{n}") for n in range(CAMPAIGNS)]
        async with connection_to(alone.places.owner()) as owner:
            async with owner.transaction():
                await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
                for statement in _FILL.split(";"):
                    await owner.execute(statement, shop.tenant_id)
            for table in ("member", *sorted(TABLES)):
                await owner.execute(f"VACUUM ANALYZE {table}")
        yield shop, campaigns[0]


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every scan in what is read: its kind, table, what it seeks by, how many rows it went through."""
    found: list[dict[str, Any]] = []
    fetch, alone = UnitConnection.fetch, UnitConnection.read

    def note(plan: dict[str, Any]) -> None:
        if plan.get("Relation Name") in TABLES:
            each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
            by = plan.get("Index Cond") or plan.get("Recheck Cond", "")
            found.append(
                {
                    "kind": plan["Node Type"],
                    "table": plan["Relation Name"],
                    "by": by,
                    "rows": round(each * plan["Actual Loops"]),
                }
            )
        for child in plan.get("Plans", []):
            note(child)

    async def explained(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")) and " FOR " not in sql:
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


RATES = "query ($id: ID!) { campaign(id: $id) { rates { seen joined rewarded } } }"
PARTICIPANTS = """
query ($id: ID!, $after: String) {
  campaign(id: $id) {
    participants(first: 20, after: $after) {
      edges { node { times member { cardNo } } } pageInfo { endCursor }
    }
  }
}
"""
FIRST = "{ campaigns { id left joinable } me { benefits { kind state } } }"


async def test_rates_are_counted_in_an_index_alone(
    runtime: Runtime, servers: EmbeddedServers, scans: list[dict[str, Any]]
) -> None:
    async with _busy_shop(runtime, servers) as (shop, campaign):
        scans.clear()
        async with unit_of_work(shop.tenant_id):
            told = await told_staff(RATES, id=str(campaign))
        assert told["campaign"]["rates"] == {"seen": 20_000, "joined": 5_000, "rewarded": 0}
        assert {each["kind"] for each in scans} == {"Index Only Scan"}
        assert all("campaign_id" in each["by"] and "kind" in each["by"] for each in scans)
        assert sum(each["rows"] for each in scans) <= 25_000


async def test_a_page_of_participants_is_a_walk_of_its_length(
    runtime: Runtime, servers: EmbeddedServers, scans: list[dict[str, Any]]
) -> None:
    async with _busy_shop(runtime, servers) as (shop, campaign):
        scans.clear()
        async with unit_of_work(shop.tenant_id):
            page = (await told_staff(PARTICIPANTS, id=str(campaign)))["campaign"]["participants"]
            await told_staff(PARTICIPANTS, id=str(campaign), after=page["pageInfo"]["endCursor"])
        assert len(page["edges"]) == 20
        assert len(scans) == 2
        assert all("campaign_id" in each["by"] and each["rows"] <= 22 for each in scans)


async def test_the_effect_of_a_day_reads_that_day_of_the_campaign(
    runtime: Runtime, servers: EmbeddedServers, scans: list[dict[str, Any]]
) -> None:
    async with _busy_shop(runtime, servers) as (shop, campaign):
        scans.clear()
        today = clock.now().date()
        async with unit_of_work(shop.tenant_id):
            days = await effect_of(campaign, today - timedelta(days=5), today - timedelta(days=4))
        assert sum(day.orders for day in days) == pytest.approx(2 * 216, abs=2)
        for each in scans:
            if each["table"] in ("ledger_entry", "orders", "campaign_participation"):
                assert "campaign_id" in each["by"], each
                assert each["rows"] <= 440, each


async def test_a_first_screen_seeks_by_the_member(
    runtime: Runtime, servers: EmbeddedServers, scans: list[dict[str, Any]]
) -> None:
    async with _busy_shop(runtime, servers) as (shop, campaign):
        scans.clear()
        member = await shop.member("13800138000")
        async with unit_of_work(shop.tenant_id):
            await join_campaign(member, campaign)
            scans.clear()
            told = await page_of(member, FIRST)
        assert len(told["campaigns"]) == CAMPAIGNS
        of_people = [each for each in scans if each["table"] == "campaign_participation"]
        assert of_people
        assert all("member_id" in each["by"] for each in of_people), of_people
        assert sum(each["rows"] for each in of_people) <= 2 * CAMPAIGNS
