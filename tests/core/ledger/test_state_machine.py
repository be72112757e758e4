"""Any history of the ledger, step by step: PostgreSQL holds what the model holds, to the lot."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.ledger.model import ModelLedger
from tests.support.shop import Shop, open_shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.errors import BalanceInsufficient
from shuke_core.ledger.queries import balance_of
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, expire_lots, spend
from shuke_core.runtime import Runtime

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNTS = """
SELECT a.member_id, a.available, a.debt,
       coalesce((SELECT array_agg(l.remaining ORDER BY l.id) FROM ledger_lot l
                  WHERE l.tenant_id = $1 AND l.account_id = a.id), '{}') AS lots
  FROM ledger_account a WHERE a.tenant_id = $1
"""


@dataclass(frozen=True)
class Earn:
    """(member, amount, cause, opens in days, lapses in days) each."""

    batch: tuple[tuple[int, int, int, int, int | None], ...]


@dataclass(frozen=True)
class Spend:
    member: int
    amount: int
    cause: int


@dataclass(frozen=True)
class ClawBack:
    member: int
    amount: int
    first: int
    cause: int


@dataclass(frozen=True)
class Expire:
    pass


@dataclass(frozen=True)
class Wait:
    days: int


Command = Earn | Spend | ClawBack | Expire | Wait

members, causes, amounts = st.integers(0, 2), st.integers(0, 9), st.integers(1, 30)
earnings = st.tuples(
    members,
    amounts,
    causes,
    st.sampled_from([0, 0, 0, 2]),
    st.none() | st.integers(-1, 6),
)
commands = st.one_of(
    st.builds(
        Earn,
        st.lists(earnings, min_size=1, max_size=5, unique_by=lambda e: (e[0], e[2])).map(tuple),
    ),
    st.builds(Spend, members, amounts, causes),
    st.builds(ClawBack, members, amounts, causes, causes),
    st.just(Expire()),
    st.builds(Wait, st.integers(1, 3)),
)


class Walk:
    """One history, acted in a tenant of its own and in the model at once."""

    def __init__(self, shop: Shop, members: list[UUID]) -> None:
        self.shop, self.members = shop, members
        self.model, self.now = ModelLedger(), START
        self.causes = [new_id() for _ in range(10)]
        self.entries: dict[tuple[int, int], UUID] = {}

    async def step(self, command: Command) -> None:
        match command:
            case Earn(batch):
                await self._earn(batch)
            case Wait(days):
                self.now += timedelta(days=days)
            case Expire():
                assert await expire_lots(new_id()) == self.model.expire(self.now)
            case Spend(member) | ClawBack(member) if member not in self.model.accounts:
                pass  # nobody can name an account that is not there
            case Spend(member, amount, cause):
                await self._spend(member, amount, cause)
            case ClawBack():
                await self._claw_back(command)

    async def _earn(self, batch: tuple[tuple[int, int, int, int, int | None], ...]) -> None:
        facts = [
            (
                member,
                amount,
                cause,
                self.now + timedelta(days=opens),
                None if lapses is None else self.now + timedelta(days=lapses),
            )
            for member, amount, cause, opens, lapses in batch
        ]
        booked = await earn(
            [
                Earning(self.members[member], amount, self.causes[cause], opens_at, expires_at)
                for member, amount, cause, opens_at, expires_at in facts
            ],
            cause_type="order",
            rule_id=None,
        )
        owners = {await self._account(fact[0]): fact[0] for fact in facts}
        new = {(owners[b.account_id], self.causes.index(b.cause_id)): b.entry_id for b in booked}
        assert new.keys() == self.model.earn(facts)
        self.entries |= new

    async def _account(self, member: int) -> UUID:
        account_id = (await balance_of(self.members[member])).account_id
        assert account_id is not None
        return account_id

    async def _spend(self, member: int, amount: int, cause: int) -> None:
        account_id = await self._account(member)
        expected = self.model.spend(member, amount, cause, self.now)
        if expected is None:
            with pytest.raises(BalanceInsufficient) as refused:
                await spend(account_id, amount, Cause("redemption", self.causes[cause]))
            assert refused.value.facts == {
                "available": self.model.accounts[member].spendable(self.now),
                "wanted": amount,
            }
        else:
            left = await spend(account_id, amount, Cause("redemption", self.causes[cause]))
            assert left == expected

    async def _claw_back(self, command: ClawBack) -> None:
        is_new = await claw_back(
            await self._account(command.member),
            command.amount,
            first_from=self.entries.get((command.member, command.first), new_id()),
            cause=Cause("refund", self.causes[command.cause]),
            rule_id=None,
            happened_at=self.now,
        )
        assert is_new == self.model.claw_back(
            command.member, command.amount, command.first, command.cause
        )

    async def compare(self) -> None:
        """Available, debt, each lot's remaining, what can be spent now, and the checker's word."""
        rows = {row["member_id"]: row for row in await self.shop.rows(ACCOUNTS)}
        assert len(rows) == len(self.model.accounts)
        for number, account in self.model.accounts.items():
            row = rows[self.members[number]]
            lots = [lot.remaining for lot in account.lots]
            assert (row["available"], row["debt"], row["lots"]) == (
                account.available,
                account.debt,
                lots,
            )
            assert account.debt == 0 or account.available == 0
            async with unit_of_work(self.shop.tenant_id):
                balance = await balance_of(self.members[number])
            assert (balance.available, balance.debt) == (
                account.spendable(self.now),
                account.debt,
            )
        assert (await self.shop.verified()).found == ()


async def _act(runtime: Runtime, history: list[Command]) -> None:
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)
    walk = Walk(shop, [await shop.member(f"1380013800{n}") for n in range(3)])
    for command in history:
        with clock.held_at(walk.now):
            async with unit_of_work(shop.tenant_id):
                await walk.step(command)
        with clock.held_at(walk.now):
            await walk.compare()


@pytest.mark.slow
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(commands, min_size=8, max_size=25))
async def test_every_history_agrees_with_the_model(
    runtime: Runtime, history: list[Command]
) -> None:
    await _act(runtime, history)


async def test_a_history_with_every_turn_agrees_with_the_model(runtime: Runtime) -> None:
    await _act(
        runtime,
        [
            Earn(((0, 10, 0, 0, 3), (0, 10, 1, 0, None), (1, 5, 2, 0, 1))),
            Spend(0, 4, 3),
            Spend(0, 4, 3),  # a repeat: nothing
            Spend(0, 17, 4),  # more than there is
            ClawBack(0, 8, 1, 5),  # its own lot first
            ClawBack(1, 9, 2, 6),  # 4 owed
            Earn(((1, 3, 7, 0, 2),)),  # settles 3 of them
            Earn(((1, 3, 8, 2, 9), (0, 7, 0, 0, 9))),  # settles the rest; a repeat: nothing
            Spend(1, 1, 9),  # 2 are there and not open yet
            Wait(3),
            Spend(0, 3, 7),  # 6 are there and lapsed, not swept
            Expire(),
            Expire(),
            Spend(1, 2, 9),
        ],
    )
