"""Earnings, spends, claw-backs and expiry at once over a few hot accounts, in batches of any order."""

import asyncio
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import in_unit_of_work
from shuke_core.ledger.errors import BalanceInsufficient
from shuke_core.ledger.services import (
    Booked,
    Cause,
    Earning,
    claw_back,
    earn,
    expire_lots,
    spend,
)

MEMBERS, BATCH, ACTORS = 4, 24, 12


class Bustle:
    """What the actors share: the members, what was booked so far, and what was acknowledged."""

    def __init__(self, shop: Shop, members: list[UUID], seed: int) -> None:
        self.shop, self.members = shop, members
        self.chance = Random(seed)  # noqa: S311
        self.booked: list[Booked] = []
        self.acknowledged: list[tuple[str, UUID, UUID]] = []
        self.repeated: list[UUID] = [new_id() for _ in range(BATCH)]

    def batch(self) -> list[Earning]:
        """Earnings in a random order; every third cause is one that other actors book as well."""
        now = clock.now()
        return [
            Earning(
                self.members[place % MEMBERS],
                self.chance.randint(1, 20),
                self.repeated[place] if place % 3 == 0 else new_id(),
                now - timedelta(days=1),
                self.chance.choice([None, now + timedelta(days=9), now - timedelta(hours=1)]),
            )
            for place in self.chance.sample(range(BATCH), BATCH)
        ]

    async def act(self, turns: int) -> None:
        for _ in range(turns):
            await self.chance.choice([self.earn, self.spend, self.claw_back, self.expire])()

    async def earn(self) -> None:
        earnings = self.batch()
        new = await in_unit_of_work(
            self.shop.tenant_id, lambda: earn(earnings, cause_type="order", rule_id=None)
        )
        self.booked += new
        self.acknowledged += [("earn", b.account_id, b.cause_id) for b in new]

    async def spend(self) -> None:
        account_id, amount = self.chance.choice(self.booked).account_id, self.chance.randint(1, 30)
        cause = Cause("redemption", new_id())
        try:
            await in_unit_of_work(self.shop.tenant_id, lambda: spend(account_id, amount, cause))
        except BalanceInsufficient:
            return
        self.acknowledged.append(("spend", account_id, cause.id))

    async def claw_back(self) -> None:
        origin, cause = self.chance.choice(self.booked), Cause("refund", new_id())
        await in_unit_of_work(
            self.shop.tenant_id,
            lambda: claw_back(
                origin.account_id,
                origin.amount,
                first_from=origin.entry_id,
                cause=cause,
                rule_id=None,
                happened_at=clock.now(),
            ),
        )
        self.acknowledged.append(("claw_back", origin.account_id, cause.id))

    async def expire(self) -> None:
        await in_unit_of_work(self.shop.tenant_id, lambda: expire_lots(new_id()))


@pytest.mark.slow
async def test_whatever_happens_at_once_the_books_agree(shop: Shop, soak: bool) -> None:
    members = [await shop.member(f"1380013800{n}") for n in range(MEMBERS)]
    bustle = Bustle(shop, members, seed=20260301)
    await bustle.earn()
    await asyncio.gather(*(bustle.act(300 if soak else 12) for _ in range(ACTORS)))
    verified = await shop.verified()
    assert verified.found == ()
    rows = await shop.rows(
        "SELECT kind, account_id, cause_id FROM ledger_entry "
        "WHERE tenant_id = $1 AND kind IN ('earn', 'spend', 'claw_back')"
    )
    kept = [(row["kind"], row["account_id"], row["cause_id"]) for row in rows]
    assert sorted(kept) == sorted(bustle.acknowledged)
    assert {kind for kind, _, _ in kept} == {"earn", "spend", "claw_back"}
    owing = await shop.rows(
        "SELECT id FROM ledger_account WHERE tenant_id = $1 AND debt > 0 AND available > 0"
    )
    assert owing == []


@pytest.mark.slow
async def test_units_that_wait_for_each_other_crosswise_both_come_through(shop: Shop) -> None:
    accounts = await _two_accounts(shop)
    here, there = asyncio.Event(), asyncio.Event()

    async def both(order: list[UUID], mine: asyncio.Event, other: asyncio.Event) -> list[int]:
        cause = Cause("redemption", new_id())

        async def work() -> list[int]:
            left = [await spend(order[0], 10, cause)]
            mine.set()
            await other.wait()  # each holds one account now and wants the other's next
            return [*left, await spend(order[1], 10, cause)]

        return await in_unit_of_work(shop.tenant_id, work)

    left = await asyncio.gather(both(accounts, here, there), both(accounts[::-1], there, here))
    assert sorted(left) == [[80, 80], [90, 90]]
    rows = await shop.rows(
        "SELECT count(*) AS n FROM ledger_entry WHERE tenant_id = $1 AND kind = 'spend'"
    )
    assert rows == [{"n": 4}]
    assert (await shop.verified()).found == ()


async def _two_accounts(shop: Shop) -> list[UUID]:
    earnings = [
        Earning(await shop.member(phone), 100, new_id(), clock.now(), None)
        for phone in ("13800138001", "13800138002")
    ]
    booked = await in_unit_of_work(
        shop.tenant_id, lambda: earn(earnings, cause_type="order", rule_id=None)
    )
    return [b.account_id for b in booked]


async def test_batches_in_any_order_open_one_account_for_each_member(shop: Shop) -> None:
    members = [await shop.member(f"136{n:08}") for n in range(20)]
    chance = Random(11)  # noqa: S311

    async def book() -> int:
        earnings = [
            Earning(member, 5, new_id(), clock.now(), None)
            for member in chance.sample(members, len(members))
        ]
        new = await in_unit_of_work(
            shop.tenant_id, lambda: earn(earnings, cause_type="order", rule_id=None)
        )
        return len(new)

    assert await asyncio.gather(*(book() for _ in range(10))) == [20] * 10
    rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    assert rows == [{"available": 50}] * 20
    assert (await shop.verified()).found == ()
