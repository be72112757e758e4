"""Whoever is narrowed to some members sees nothing of others, whatever is asked of which table.

Planted leaks in a scratch database turn each probe red.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio
from tests.support.scopes import Divided, divide, scope_leaks
from tests.support.scratch import connection_to, migrated_database, own_pool
from tests.support.shop import Shop, open_shop

from shuke_core.access.rights import Scope, Within
from shuke_core.access.scopes import narrow_to
from shuke_core.database.narrowing import narrow
from shuke_core.database.roles import APP
from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one, savepoint, unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.services import rename_member
from shuke_core.runtime import Runtime


@pytest_asyncio.fixture
async def divided(shop: Shop) -> Divided:
    """A shop whose members are of two advisors and of nobody."""
    return await divide(shop)


def _members(divided: Divided, *whose: str) -> frozenset[object]:
    return frozenset(divided.members[each] for each in whose)


async def _all_leaks(divided: Divided) -> set[str]:
    """The tables that show or hide what they should not, for each way to be narrowed."""
    found = []
    for within, whose, at_store in (
        (divided.own("ann"), ["ann's"], False),
        (divided.own("bob"), ["bob's"], False),
        (divided.at("S1"), ["ann's", "nobody's"], True),
        (divided.at("S2"), ["bob's"], True),
        (divided.at("S1", "S2"), list(divided.members), True),
        (divided.at(), [], True),
        (Within(Scope.OWN, new_id()), [], False),
    ):
        theirs = _members(divided, *whose)
        found += await scope_leaks(divided, within, theirs, at_store=at_store)  # type: ignore[arg-type]
    return {leak.subject for leak in found}


async def test_each_table_shows_just_what_is_theirs(divided: Divided) -> None:
    assert await _all_leaks(divided) == set()


async def test_what_was_sold_at_a_store_is_seen_there_whoever_bought_it(divided: Divided) -> None:
    asked = "SELECT external_no FROM orders WHERE tenant_id = $1 ORDER BY external_no"
    async with unit_of_work(divided.shop.tenant_id):
        await narrow_to(divided.at("S2"))
        assert [row["external_no"] for row in await fetch(asked)] == ["N-bob's", "N-unnamed"]
    async with unit_of_work(divided.shop.tenant_id):
        await narrow_to(divided.own("bob"))
        assert [row["external_no"] for row in await fetch(asked)] == ["N-bob's"]


async def test_nothing_can_be_done_to_who_is_not_seen(divided: Divided) -> None:
    foreign = divided.members["bob's"]
    async with unit_of_work(divided.shop.tenant_id):
        await narrow_to(divided.own("ann"))
        with pytest.raises(MemberUnknown):
            await rename_member(foreign, "李")
        await fetch("UPDATE member SET name = '李' WHERE tenant_id = $1")
        await fetch("UPDATE orders SET version = 99 WHERE tenant_id = $1")
    async with unit_of_work(divided.shop.tenant_id):
        named = await fetch(
            "SELECT id FROM member WHERE tenant_id = $1 AND name = '李' AND state = 'active'"
        )
        changed = await fetch("SELECT member_id FROM orders WHERE tenant_id = $1 AND version = 99")
    assert [row["id"] for row in named] == [divided.members["ann's"]]
    assert [row["member_id"] for row in changed] == [divided.members["ann's"]]


async def test_the_next_unit_on_the_connection_is_not_narrowed(divided: Divided) -> None:
    for _ in range(12):  # more than there are connections
        async with unit_of_work(divided.shop.tenant_id):
            await narrow_to(divided.own("ann"))
    for _ in range(12):
        async with unit_of_work(divided.shop.tenant_id):
            row = await fetch_one(
                "SELECT current_user::text AS me, count(*) AS n FROM member "
                "WHERE tenant_id = $1 AND state = 'active'"
            )
            assert row == {"me": APP, "n": 3}


async def test_a_unit_is_narrowed_by_ids_only(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(ValueError, match="by ids only"):
            await narrow_to(Within(Scope.OWN, "x'; RESET ROLE; --"))  # type: ignore[arg-type]


async def test_nothing_within_a_unit_widens_it_again(divided: Divided) -> None:
    counted = "SELECT count(*) AS n FROM member WHERE tenant_id = $1 AND state = 'active'"
    async with unit_of_work(divided.shop.tenant_id):
        with pytest.raises(RuntimeError, match="not within a savepoint"):
            async with savepoint():
                await narrow_to(divided.own("ann"))
        await narrow_to(divided.own("ann"))
        with pytest.raises(MemberUnknown):
            async with savepoint():
                await rename_member(new_id(), "李")
        assert await fetch(counted) == [{"n": 1}]


PLANTS = {
    "a policy is gone": ("DROP POLICY own ON orders", {"orders", "order_line", "refund",
                                                       "refund_line", "withheld_order"}),
    "a policy is for others": ("ALTER POLICY own ON ledger_account TO shuke_report",
                               {"ledger_account", "ledger_entry", "ledger_lot",
                                "ledger_allocation"}),
    "a store too many": ("ALTER POLICY stores ON member USING (true)", None),
    "whoever has no advisor": (
        "ALTER POLICY own ON member USING (advisor_id IS NULL OR advisor_id = "
        "nullif(current_setting('shuke.staff_id', true), '')::uuid)", None),
}  # fmt: skip


@pytest.mark.slow
async def test_planted_leaks_are_found_and_migrating_mends_what_is_gone(
    servers: EmbeddedServers, runtime: Runtime
) -> None:
    async with migrated_database(servers) as places, own_pool(places, 4):
        shop = await open_shop(
            replace(runtime, places=places), points_per_yuan=Decimal(1), expires_after_days=365
        )
        divided = await divide(shop)
        assert await _all_leaks(divided) == set()
        async with connection_to(places.owner()) as owner:
            for name, (plant, tables) in PLANTS.items():
                await owner.execute(plant)
                found = await _all_leaks(divided)
                assert found, name
                assert tables is None or tables <= found, name
                for policy in ("own", "stores"):
                    await owner.execute(f"DROP POLICY IF EXISTS {policy} ON member")
                await owner.execute("DROP POLICY IF EXISTS own ON orders")
                await owner.execute("DROP POLICY own ON ledger_account")
                await narrow(owner)
                assert await _all_leaks(divided) == set()
