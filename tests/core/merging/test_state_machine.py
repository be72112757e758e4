"""Any history of people over three channels: one member for each phone, no identity that is nobody's,
and no point made or lost, whoever is erased. PostgreSQL holds what the model holds, step by step.

Another verb of members is a command here, a branch of `Walk.step` and a method of the model.
"""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.merging.model import Identity as Known
from tests.core.merging.model import ModelPeople
from tests.support.shop import Shop, open_shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import savepoint, unit_of_work
from shuke_core.ledger.errors import BalanceInsufficient
from shuke_core.ledger.queries import balance_of
from shuke_core.ledger.services import Cause, Earning, earn, spend
from shuke_core.members.identities import lose_phone
from shuke_core.members.phones import Phone, normalise_phone
from shuke_core.members.services import Identity, identify_members, link_identities
from shuke_core.merging.errors import MembersCannotMerge, MergeCannotBeUndone, MergeUnknown
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.personal_data.erasure import erase
from shuke_core.runtime import Runtime

CHANNELS = ("till", "mini", "web")
MEMBERS = """
SELECT m.id, m.merged_into_id, m.state, m.phone_masked IS NOT NULL AS shows_phone,
       coalesce((SELECT a.available - a.debt FROM ledger_account a
                  WHERE a.tenant_id = $1 AND a.member_id = m.id), 0) AS balance
  FROM member m WHERE m.tenant_id = $1
"""
IDENTITIES = """
SELECT kind, issuer, member_id FROM member_identity WHERE tenant_id = $1 AND state = 'active'
"""


@dataclass(frozen=True)
class SignUp:
    """Somebody is named by an identity, and enters if they are new."""

    identity: Known


@dataclass(frozen=True)
class Bind:
    """A further identity of a member, by any id they ever had; numbers wrap around."""

    member: int
    identity: Known


@dataclass(frozen=True)
class Lose:
    """A phone is the member's no longer."""

    member: int
    phone: int


@dataclass(frozen=True)
class Earn:
    member: int
    amount: int


@dataclass(frozen=True)
class Spend:
    member: int
    amount: int


@dataclass(frozen=True)
class Merge:
    survivor: int
    absorbed: int


@dataclass(frozen=True)
class Undo:
    merge: int


@dataclass(frozen=True)
class Erase:
    member: int


Command = SignUp | Bind | Lose | Earn | Spend | Merge | Undo | Erase

identities = st.one_of(
    st.tuples(st.just("phone"), st.just(""), st.integers(0, 3)),
    st.tuples(st.just("card"), st.sampled_from(CHANNELS), st.integers(0, 1)),
)
numbers = st.integers(0, 9)
commands = st.one_of(
    st.builds(SignUp, identities),
    st.builds(Bind, numbers, identities),
    st.builds(Lose, numbers, st.integers(0, 3)),
    st.builds(Earn, numbers, st.integers(1, 30)),
    st.builds(Spend, numbers, st.integers(1, 30)),
    st.builds(Merge, numbers, numbers),
    st.builds(Undo, numbers),
    st.builds(Erase, numbers),
)


def _identity(known: Known) -> Identity:
    kind, issuer, number = known
    if kind == "card":
        return Identity.of_card(issuer, f"K{number}")
    return Identity.of_phone(_phone(number))


def _phone(number: int) -> Phone:
    phone = normalise_phone(f"1380013800{number}")
    assert phone is not None
    return phone


class Walk:
    """One history, acted in a tenant of its own and in the model at once."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.model = shop, ModelPeople()
        self.members: list[UUID] = []
        self.merges: list[UUID] = []

    async def step(self, command: Command) -> None:
        match command:
            case SignUp(identity):
                await self._sign_up(identity)
            case _ if not self.model.there:
                pass  # there is nobody yet to whom it could happen
            case Bind(member, identity):
                id_ = self._id(member)
                new = await link_identities({_identity(identity): id_})
                assert bool(new) == self.model.bind(identity, self._number(member))
            case Lose(member, phone):
                who = self.members[self.model.now(self._number(member))]
                lost = await lose_phone(who, _phone(phone))
                assert lost == self.model.lose(("phone", "", phone), self._number(member))
            case Earn(member, amount):
                earning = Earning(self._id(member), amount, new_id(), clock.now(), None)
                await earn([earning], cause_type="order", rule_id=None)
                self.model.earn(self._number(member), amount)
            case Spend(member, amount):
                await self._spend(member, amount)
            case Merge(survivor, absorbed):
                await self._merge(survivor, absorbed)
            case Undo(nth):
                await self._undo(nth)
            case Erase(member):
                who = self.members[self.model.now(self._number(member))]
                await erase(who, "asked for")
                self.model.erase(self._number(member))

    def _number(self, member: int) -> int:
        there = self.model.there
        return there[member % len(there)]

    def _id(self, member: int) -> UUID:
        return self.members[self._number(member)]

    async def _sign_up(self, known: Known) -> None:
        identity = _identity(known)
        found = (await identify_members([identity]))[identity]
        number = self.model.identify(known)
        if number == len(self.members):
            self.members.append(found)
        assert found == self.members[number]

    async def _spend(self, member: int, amount: int) -> None:
        account = (await balance_of(self._id(member))).account_id
        done = False
        if account is not None:
            with suppress(BalanceInsufficient):
                await spend(account, amount, Cause("redemption", new_id()))
                done = True
        assert done == self.model.spend(self._number(member), amount)

    async def _merge(self, survivor: int, absorbed: int) -> None:
        merged: UUID | None = None
        with suppress(MembersCannotMerge):
            merged = await merge_members(self._id(survivor), self._id(absorbed))
            self.merges.append(merged)
        were_two = self.model.merge(self._number(survivor), self._number(absorbed))
        assert (merged is not None) == were_two

    async def _undo(self, nth: int) -> None:
        if not self.merges:
            return
        nth, undone = nth % len(self.merges), False
        with suppress(MergeCannotBeUndone, MergeUnknown):
            async with savepoint():
                await undo_merge(self.merges[nth])
                undone = True
        assert undone == self.model.undo(nth)

    async def compare(self) -> None:
        model = self.model
        found = await self.shop.rows(MEMBERS)
        rows = {row["id"]: row for row in found if row["state"] != "erased"}
        assert rows.keys() == {self.members[number] for number in model.there}
        subjects = [row["balance"] for row in found if row["state"] == "erased"]
        assert len(subjects) == len(model.gone)
        assert sum(subjects) == sum(map(model.balance, model.gone))
        for number in model.there:
            row, into = rows[self.members[number]], model.into[number]
            assert row["merged_into_id"] == (None if into is None else self.members[into])
            assert row["state"] == ("active" if into is None else "merged")
            assert row["balance"] == model.balance(number)
            if into is None:
                assert row["shows_phone"] == model.shows_phone[number]
        owned = await self.shop.rows(IDENTITIES)
        assert sorted((r["kind"], r["issuer"], str(r["member_id"])) for r in owned) == sorted(
            (kind, issuer, str(self.members[owner]))
            for (kind, issuer, _), owner in model.owner.items()
        )
        assert all(model.into[owner] is None for owner in model.owner.values())


async def _act(runtime: Runtime, history: list[Command]) -> None:
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=None)
    walk = Walk(shop)
    for command in history:
        async with unit_of_work(shop.tenant_id):
            await walk.step(command)
        await walk.compare()
    for known, owner in walk.model.owner.items():  # each phone finds its one member
        async with unit_of_work(shop.tenant_id):
            identity = _identity(known)
            assert (await identify_members([identity]))[identity] == walk.members[owner]
    assert (await shop.verified()).found == ()


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
            SignUp(("phone", "", 0)),
            SignUp(("card", "till", 0)),
            SignUp(("phone", "", 1)),
            Bind(0, ("card", "web", 0)),
            Bind(1, ("card", "web", 0)),  # somebody's already: it stays theirs
            Earn(0, 10),
            Earn(1, 20),
            Merge(1, 0),  # the card's member survives, and shows the phone that came
            Spend(0, 15),  # by the old id: ten of the first, five of the second
            Bind(0, ("card", "mini", 1)),
            Merge(2, 1),  # a chain
            Merge(0, 2),  # they are one already
            Earn(0, 7),
            Undo(0),  # not before the second
            Undo(1),
            Earn(1, 1),
            Undo(0),
            Undo(0),
            Spend(2, 8),  # seven are there
            SignUp(("card", "mini", 1)),
            Merge(0, 1),
            Earn(0, 3),
            Erase(1),  # with who was merged into them
            SignUp(("phone", "", 0)),  # who comes again is new
            Earn(0, 4),
            Undo(2),
        ],
    )


async def test_a_phone_that_is_given_up_after_a_merge_comes_back_to_nobody(
    runtime: Runtime,
) -> None:
    await _act(
        runtime,
        [
            SignUp(("phone", "", 0)),
            SignUp(("phone", "", 1)),
            Merge(0, 1),
            Lose(1, 1),
            SignUp(("phone", "", 1)),  # the network has handed it out anew
            Undo(0),  # who came with it shows it no more
            SignUp(("card", "till", 0)),
            Bind(3, ("phone", "", 2)),
            Bind(3, ("phone", "", 3)),
            Merge(0, 3),
            Lose(0, 0),  # what is left are the two that came
            Undo(1),
            Lose(3, 2),
        ],
    )
