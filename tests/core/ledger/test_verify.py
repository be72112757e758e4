"""The checker finds each kind of planted difference, and names the row and both values."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from tests.support.shop import Shop

from shuke_core.database.config import credentials
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, expire_lots, spend
from shuke_core.ledger.verify import Difference
from shuke_core.merging.services import merge_members
from shuke_core.places import Places


class Planter:
    """Changes rows of a tenant behind the ledger's back, as the database's administrator."""

    def __init__(self, connection: asyncpg.Connection, tenant_id: UUID) -> None:
        self._connection, self._tenant_id = connection, tenant_id

    async def plant(self, sql: str, *values: object) -> UUID:
        """Runs a statement that returns the id of the one row it changed; `$1` is the tenant."""
        rows = await self._connection.fetch(sql, self._tenant_id, *values)
        assert len(rows) == 1
        changed: UUID = rows[0]["id"]
        return changed


@pytest_asyncio.fixture
async def planter(shop: Shop, places: Places) -> AsyncIterator[Planter]:
    """A planter in this test's tenant, which earned 100 and 50, spent 30 and owes 40 elsewhere."""
    await _move_points(shop)
    assert places.admin_dsn is not None
    database = credentials(places.app_dsn)["database"]
    admin = await asyncpg.connect(**{**credentials(places.admin_dsn), "database": database})
    yield Planter(admin, shop.tenant_id)
    await admin.close()


async def _move_points(shop: Shop) -> None:
    rich, poor = await shop.member("13800138001"), await shop.member("13800138002")
    now = clock.now()
    async with unit_of_work(shop.tenant_id):
        booked = await earn(
            [
                Earning(rich, 100, new_id(), now, now + timedelta(days=9)),
                Earning(rich, 50, new_id(), now, None),
                Earning(poor, 10, new_id(), now, None),
                Earning(poor, 5, new_id(), now, now - timedelta(days=1)),
            ],
            cause_type="order",
            rule_id=None,
        )
        origins = {b.amount: b for b in booked}
        await spend(origins[100].account_id, 30, Cause("redemption", new_id()))
        await expire_lots(new_id())
        await claw_back(
            origins[10].account_id,
            50,
            first_from=origins[10].entry_id,
            cause=Cause("refund", new_id()),
            rule_id=None,
            happened_at=now,
        )


async def test_a_sound_ledger_has_no_difference(shop: Shop) -> None:
    await _move_points(shop)
    verified = await shop.verified()
    assert (verified.accounts, verified.entries, verified.issued) == (2, 7, 165)
    assert (verified.differences, verified.found) == (0, ())


async def test_an_empty_ledger_has_no_difference(shop: Shop) -> None:
    verified = await shop.verified()
    assert (verified.accounts, verified.entries, verified.issued) == (0, 0, 0)
    assert (verified.differences, verified.found) == (0, ())


async def test_a_balance_that_was_raised(shop: Shop, planter: Planter) -> None:
    account = await planter.plant(
        "UPDATE ledger_account SET available = available + 7 "
        "WHERE tenant_id = $1 AND available = 120 RETURNING id"
    )
    assert (await shop.verified()).found == (
        Difference("balance", account, 127, 120),
        Difference("account", account, 127, 120),
    )


async def test_a_debt_that_was_let_off(shop: Shop, planter: Planter) -> None:
    account = await planter.plant(
        "UPDATE ledger_account SET debt = 0 WHERE tenant_id = $1 AND debt = 40 RETURNING id"
    )
    assert (await shop.verified()).found == (
        Difference("account", account, 0, -40),
        Difference("debt", account, 0, 40),
    )


async def test_a_debt_and_its_balance_changed_alike_is_found_by_the_debt(
    shop: Shop, planter: Planter
) -> None:
    account = await planter.plant(
        "UPDATE ledger_account SET debt = 45, available = 5 "
        "WHERE tenant_id = $1 AND debt = 40 RETURNING id"
    )
    assert (await shop.verified()).found == (
        Difference("balance", account, 5, 0),
        Difference("debt", account, 45, 40),
    )


async def test_a_lot_and_its_balance_lowered_alike(shop: Shop, planter: Planter) -> None:
    lot = await planter.plant(
        "UPDATE ledger_lot SET remaining = 40 WHERE tenant_id = $1 AND amount = 50 RETURNING id"
    )
    account = await planter.plant(
        "UPDATE ledger_account SET available = 110 WHERE tenant_id = $1 AND available = 120 "
        "RETURNING id"
    )
    assert (await shop.verified()).found == (
        Difference("account", account, 110, 120),
        Difference("lot", lot, 40, 50),
    )


async def test_points_moved_from_lot_to_lot(shop: Shop, planter: Planter) -> None:
    # Every sum of the account agrees: only lot by lot it shows.
    full = await planter.plant(
        "UPDATE ledger_lot SET remaining = 49 WHERE tenant_id = $1 AND amount = 50 RETURNING id"
    )
    begun = await planter.plant(
        "UPDATE ledger_lot SET remaining = 71 WHERE tenant_id = $1 AND amount = 100 RETURNING id"
    )
    expected = {Difference("lot", full, 49, 50), Difference("lot", begun, 71, 70)}
    verified = await shop.verified()
    assert (verified.differences, set(verified.found)) == (2, expected)


async def test_an_entry_that_was_rewritten(shop: Shop, planter: Planter) -> None:
    entry = await planter.plant(
        "UPDATE ledger_entry SET amount = -20 WHERE tenant_id = $1 AND kind = 'spend' RETURNING id"
    )
    account = await planter.plant(
        "SELECT id FROM ledger_account WHERE tenant_id = $1 AND available = 120"
    )
    assert (await shop.verified()).found == (
        Difference("account", account, 120, 130),
        Difference("entry", entry, -20, -30),
    )


async def test_an_entry_without_lot_or_allocation(shop: Shop, planter: Planter) -> None:
    account = await planter.plant(
        "UPDATE ledger_account SET available = available WHERE tenant_id = $1 AND debt = 40 "
        "RETURNING id"
    )
    entry = await planter.plant(
        "INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change, "
        "cause_type, cause_id, happened_at, recorded_at) "
        "VALUES ($1, $2, $3, 'earn', 8, 0, 'order', $2, now(), now()) RETURNING id",
        *(new_id(), account),
    )
    assert (await shop.verified()).found == (
        Difference("account", account, -40, -32),
        Difference("entry", entry, 8, 0),
    )


async def test_a_lot_of_another_account_that_was_taken(shop: Shop, planter: Planter) -> None:
    # The spend took 30 of its own lot; the row now says that they came from the other account's.
    lot = await planter.plant(
        "SELECT l.id FROM ledger_lot l WHERE l.tenant_id = $1 AND l.amount = 10"
    )
    own = await planter.plant(
        "SELECT l.id FROM ledger_lot l WHERE l.tenant_id = $1 AND l.amount = 100"
    )
    allocation = await planter.plant(
        "UPDATE ledger_allocation SET lot_id = $2 WHERE tenant_id = $1 AND lot_id = $3 "
        "RETURNING id",
        *(lot, own),
    )
    found = (await shop.verified()).found
    assert set(found) == {
        Difference("lot", lot, 0, -30),
        Difference("lot", own, 70, 100),
        Difference("lot of another account", allocation, 0, 30),
    }


async def test_points_that_stayed_with_who_was_merged(shop: Shop, planter: Planter) -> None:
    rich = (
        await shop.rows(
            "SELECT id, member_id FROM ledger_account WHERE tenant_id = $1 AND available = 120"
        )
    )[0]
    await planter.plant(
        "UPDATE member SET state = 'merged', merged_into_id = (SELECT o.id FROM member o "
        "WHERE o.tenant_id = $1 AND o.id <> $2) WHERE tenant_id = $1 AND id = $2 RETURNING id",
        rich["member_id"],
    )
    assert (await shop.verified()).found == (Difference("merged account", rich["id"], 120, 0),)


async def _merged(shop: Shop) -> None:
    """The rich one, who has 120, is merged into the poor one, who owes 40."""
    rich, poor = await shop.member("13800138001"), await shop.member("13800138002")
    async with unit_of_work(shop.tenant_id):
        await merge_members(poor, rich)
    assert (await shop.verified()).found == ()


async def test_more_came_by_a_merge_than_went(shop: Shop, planter: Planter) -> None:
    await _merged(shop)
    entry = await planter.plant(
        "UPDATE ledger_entry SET amount = 121 WHERE tenant_id = $1 AND kind = 'merge_in' "
        "RETURNING id"
    )
    found = {each.check: each for each in (await shop.verified()).found}
    assert found.keys() == {"account", "entry", "what came by a merge"}
    assert found["what came by a merge"] == Difference("what came by a merge", entry, 121, 120)


async def test_points_that_live_longer_since_a_merge(shop: Shop, planter: Planter) -> None:
    await _merged(shop)
    lot = await planter.plant(
        "UPDATE ledger_lot SET expires_at = expires_at + interval '1 day' WHERE tenant_id = $1 "
        "AND origin_lot_id IS NOT NULL AND amount = 70 RETURNING id"
    )
    assert (await shop.verified()).found == (Difference("lot of another expiry", lot, 0, 70),)


async def test_a_hundred_differences_are_listed_and_all_are_counted(
    shop: Shop, planter: Planter
) -> None:
    member_id = await shop.member("13800138003")
    async with unit_of_work(shop.tenant_id):
        await earn(
            [Earning(member_id, 3, new_id(), clock.now(), None) for _ in range(120)],
            cause_type="order",
            rule_id=None,
        )
    await planter.plant(
        "WITH spoilt AS (UPDATE ledger_lot SET remaining = 2 WHERE tenant_id = $1 AND amount = 3 "
        "RETURNING account_id) SELECT DISTINCT account_id AS id FROM spoilt"
    )
    verified = await shop.verified()
    assert verified.differences == 121  # 120 lots and their account's balance
    assert [found.check for found in verified.found] == ["balance"] + ["lot"] * 100


async def test_differences_of_another_tenant_are_not_this_tenants(
    other_shop: Shop, planter: Planter
) -> None:
    await planter.plant(
        "UPDATE ledger_account SET debt = 0 WHERE tenant_id = $1 AND debt = 40 RETURNING id"
    )
    assert (await other_shop.verified()).differences == 0


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_allocation"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET amount = 1 WHERE", "DELETE FROM {} WHERE"])
async def test_the_app_may_not_change_what_is_booked(shop: Shop, table: str, verb: str) -> None:
    await _move_points(shop)
    before = await shop.rows(f"SELECT id, amount FROM {table} WHERE tenant_id = $1 ORDER BY id")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with unit_of_work(shop.tenant_id):
            await fetch(f"{verb.format(table)} tenant_id = $1")
    after = await shop.rows(f"SELECT id, amount FROM {table} WHERE tenant_id = $1 ORDER BY id")
    assert before == after


async def test_no_lot_can_hold_less_than_nothing(shop: Shop) -> None:
    await _move_points(shop)
    with pytest.raises(asyncpg.CheckViolationError, match="lot_remaining_within_amount"):
        async with unit_of_work(shop.tenant_id):
            await fetch("UPDATE ledger_lot SET remaining = -1 WHERE tenant_id = $1")
    with pytest.raises(asyncpg.CheckViolationError, match="account_available_not_negative"):
        async with unit_of_work(shop.tenant_id):
            await fetch("UPDATE ledger_account SET available = -1 WHERE tenant_id = $1")
