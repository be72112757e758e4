"""A race of merges and undos against writers who name the absorbed; and a merge that locks nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, fetch, in_unit_of_work
from shuke_core.ledger.errors import BalanceInsufficient
from shuke_core.ledger.queries import balance_of
from shuke_core.ledger.services import Cause, Earning, earn, spend
from shuke_core.members.following import hold_members
from shuke_core.members.holdings import OnMerge, declared_holdings
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, identify_members, link_identities
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.orders.services import NewSale, record_sales
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.services import NewTask, create_task
from shuke_core.tenants.queries import stores_by_code

KEPT, GONE = "13800138001", "13800138002"
WRITERS = 8
_PAUSE = 0.01  # between holding somebody and writing what is theirs: the merge must wait for it


class Bustle:
    """Eight who earn, spend, buy, bind cards and make tasks by the id and the phone of the absorbed."""

    def __init__(self, shop: Shop, absorbed: UUID, seed: int) -> None:
        self.shop, self.absorbed = shop, absorbed
        self.chance = Random(seed)  # noqa: S311
        self.earned = self.spent = self.bought = self.bound = 0

    async def act(self, acts: int) -> None:
        every = (self.earn, self.spend, self.buy, self.bind, self.remind, self.warn)
        for _ in range(acts):
            await self.chance.choice(every)()

    async def _in_unit(self, work: Callable[[], Awaitable[int]]) -> int:
        return await in_unit_of_work(self.shop.tenant_id, work)

    async def earn(self) -> None:
        earning = Earning(self.absorbed, 10, new_id(), clock.now(), None)

        async def work() -> int:
            return len(await earn([earning], cause_type="order", rule_id=None))

        new = await self._in_unit(work)
        self.earned += 10 * new

    async def spend(self) -> None:
        cause = Cause("redemption", new_id())

        async def work() -> int:
            account = (await balance_of(self.absorbed)).account_id
            assert account is not None
            await spend(account, 7, cause)
            return 7

        try:
            spent = await self._in_unit(work)
        except BalanceInsufficient:
            return
        self.spent += spent

    async def buy(self) -> None:
        phone = normalise_phone(GONE)
        assert phone is not None
        identity, number = Identity.of_phone(phone), new_id().hex

        async def work() -> int:
            who = (await identify_members([identity]))[identity]
            now = clock.now()
            store = (await stores_by_code(["S1"]))["S1"]
            sale = NewSale(store, number, now.date(), now, now, who, 100, ())
            return sum(await record_sales("race", "CNY", [sale]))

        new = await self._in_unit(work)
        self.bought += new

    async def bind(self) -> None:
        card = Identity.of_card("race", new_id().hex)
        new = await self._in_unit(lambda: link_identities({card: self.absorbed}))
        self.bound += new

    async def remind(self) -> None:
        due = clock.now() + timedelta(days=1)

        async def work() -> int:
            await create_task(NewTask(Addressee(role="admin"), due, self.absorbed))
            return 1

        await self._in_unit(work)

    async def warn(self) -> None:
        """As any service does it: holds the member, and writes for who they are now; slowly."""

        async def work() -> int:
            who = (await hold_members([self.absorbed]))[self.absorbed]
            await asyncio.sleep(_PAUSE)
            await fetch(
                "INSERT INTO alert (tenant_id, id, kind, severity, key, subject, member_id, role, "
                "raised_at, last_raised_at, times) "
                "VALUES ($1, $2, 'race', 'info', $3, '', $4, 'admin', $5, $5, 1)",
                *(new_id(), new_id().hex, who, clock.now()),
            )
            return 1

        await self._in_unit(work)


async def race_merges(shop: Shop, *, rounds: int, seed: int = 20261124) -> list[str]:
    """Merges and undoes in turn while eight write; says what is not as it must be."""
    survivor, absorbed = await shop.member(KEPT), await shop.member(GONE)
    bustle, merges = Bustle(shop, absorbed, seed), list[UUID]()
    await bustle.earn()

    async def merge() -> None:
        merges.append(
            await in_unit_of_work(shop.tenant_id, lambda: merge_members(survivor, absorbed))
        )

    async def undo() -> None:
        await in_unit_of_work(shop.tenant_id, lambda: undo_merge(merges[-1]))

    faults: list[str] = []
    for nth in range(rounds):
        verb = undo if nth % 2 else merge
        await asyncio.gather(verb(), *(bustle.act(4) for _ in range(WRITERS)))
        if verb is merge:
            faults += await _left_behind(shop, absorbed)
    faults += [str(difference) for difference in (await shop.verified()).found]
    return faults + await _lost(shop, bustle)


async def _left_behind(shop: Shop, absorbed: UUID) -> list[str]:
    """Rows that name somebody who is merged."""
    faults = []
    for table, holding in declared_holdings().items():
        if holding.on_merge is OnMerge.MOVES:
            rows = await shop.rows(
                f"SELECT count(*) AS n FROM {table} WHERE tenant_id = $1 AND {holding.member} = $2",
                absorbed,
            )
            if rows[0]["n"]:
                faults.append(f"{rows[0]['n']} rows of {table} belong to nobody any more")
    return faults


async def _lost(shop: Shop, bustle: Bustle) -> list[str]:
    """What was acknowledged and is not there, or there and was not."""
    counts = await shop.rows(
        "SELECT (SELECT count(*) FROM orders WHERE tenant_id = $1) AS bought, "
        "(SELECT count(*) FROM member_identity WHERE tenant_id = $1) AS known, "
        "(SELECT sum(available - debt)::int FROM ledger_account WHERE tenant_id = $1) AS points"
    )
    expected = {
        "bought": bustle.bought,
        "known": bustle.bound + 2,
        "points": bustle.earned - bustle.spent,
    }
    return [] if counts == [expected] else [f"there is {counts}, and {expected} was acknowledged"]


async def lock_nothing(member_ids: list[UUID]) -> list[Row]:
    """What a merge would do that reads first and trusts it."""
    return await fetch(
        "SELECT id, state, merged_into_id, name, nickname, gender, birthday, region, advisor_id, "
        "store_id, phone_masked FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
        member_ids,
    )
