"""Spending: soonest expiry first, never what has lapsed, each cause once, refusals with numbers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.core.points.counter import PHONE, act, holds
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.ledger.errors import AmountInvalid, BalanceInsufficient
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, spend


async def _held(shop: Shop, *lots: tuple[int, int | None]) -> tuple[UUID, UUID]:
    """A member and their account with lots of (points, days until they lapse)."""
    member, now = await shop.member(PHONE), clock.now()
    booked = await act(
        shop,
        lambda: earn(
            [
                Earning(
                    member,
                    points,
                    new_id(),
                    now - timedelta(days=30),
                    None if days is None else now + timedelta(days=days),
                )
                for points, days in lots
            ],
            cause_type="order",
            rule_id=None,
        ),
    )
    return member, booked[0].account_id


async def test_a_spend_takes_what_lapses_soonest(shop: Shop) -> None:
    _, account = await _held(shop, (10, None), (10, 9), (10, 3))
    assert await act(shop, lambda: spend(account, 14, Cause("redemption", new_id()))) == 16
    lots = await shop.rows(
        "SELECT remaining FROM ledger_lot WHERE tenant_id = $1 ORDER BY expires_at NULLS LAST"
    )
    assert [lot["remaining"] for lot in lots] == [0, 6, 10]


async def test_points_that_lapsed_can_not_be_spent_though_no_sweep_has_come(shop: Shop) -> None:
    member, account = await _held(shop, (100, -1), (10, 9))
    assert await holds(shop, member) == (10, 0)
    with pytest.raises(BalanceInsufficient) as refused:
        await act(shop, lambda: spend(account, 11, Cause("redemption", new_id())))
    assert refused.value.facts == {"available": 10, "wanted": 11}
    assert await act(shop, lambda: spend(account, 10, Cause("redemption", new_id()))) == 0


async def test_a_refused_spend_carries_the_numbers_and_changes_nothing(shop: Shop) -> None:
    member, account = await _held(shop, (10, 9), (5, None))
    with pytest.raises(BalanceInsufficient) as refused:
        await act(shop, lambda: spend(account, 16, Cause("redemption", new_id())))
    assert refused.value.code == "BALANCE_INSUFFICIENT"
    assert refused.value.facts == {"available": 15, "wanted": 16}
    assert await holds(shop, member) == (15, 0)
    verified = await shop.verified()
    assert (verified.entries, verified.found) == (2, ())


async def test_an_account_that_is_not_there_has_nothing(shop: Shop, other_shop: Shop) -> None:
    _, account = await _held(shop, (10, 9))
    for unknown in (new_id(), account):
        with pytest.raises(BalanceInsufficient) as refused:
            await act(other_shop, lambda a=unknown: spend(a, 1, Cause("redemption", new_id())))  # type: ignore[misc]
        assert refused.value.facts == {"available": 0, "wanted": 1}


async def test_a_spend_told_twice_takes_once(shop: Shop) -> None:
    _, account = await _held(shop, (10, 9))
    cause = Cause("redemption", new_id())
    assert await act(shop, lambda: spend(account, 7, cause)) == 3
    assert await act(shop, lambda: spend(account, 7, cause)) == 3
    assert (await shop.verified()).entries == 2


@pytest.mark.parametrize("amount", [0, -1])
async def test_no_verb_moves_nothing_or_less(shop: Shop, amount: int) -> None:
    member, account = await _held(shop, (10, 9))
    cause = Cause("redemption", new_id())
    now = clock.now()

    async def take() -> bool:
        return await claw_back(
            account, amount, first_from=new_id(), cause=cause, rule_id=None, happened_at=now
        )

    async def give() -> list[Any]:
        wrong = [Earning(member, a, new_id(), now, None) for a in (5, amount)]
        return list(await earn(wrong, cause_type="order", rule_id=None))

    async def use() -> int:
        return await spend(account, amount, cause)

    for verb in (take, give, use):
        with pytest.raises(AmountInvalid) as refused:
            await act(shop, verb)
        assert refused.value.facts == {"amount": amount}
    assert await holds(shop, member) == (10, 0)
    assert (await shop.verified()).entries == 1


async def test_points_of_a_till_whose_clock_is_ahead_count_when_their_time_has_come(
    shop: Shop,
) -> None:
    member, ahead = await shop.member(PHONE), clock.now() + timedelta(minutes=5)
    early = [Earning(member, 10, new_id(), ahead, None)]
    booked = await act(shop, lambda: earn(early, cause_type="order", rule_id=None))
    account = booked[0].account_id
    assert await holds(shop, member) == (0, 0)
    with pytest.raises(BalanceInsufficient):
        await act(shop, lambda: spend(account, 1, Cause("redemption", new_id())))
    with clock.held_at(ahead):
        assert await holds(shop, member) == (10, 0)
        assert await act(shop, lambda: spend(account, 1, Cause("redemption", new_id()))) == 9


async def test_a_spend_passes_over_a_lot_that_opens_later(shop: Shop) -> None:
    member, now = await shop.member(PHONE), clock.now()
    ahead = now + timedelta(minutes=5)
    lots = [
        Earning(member, 10, new_id(), ahead, now + timedelta(days=1)),
        Earning(member, 10, new_id(), now, now + timedelta(days=9)),
    ]
    booked = await act(shop, lambda: earn(lots, cause_type="order", rule_id=None))
    account = booked[0].account_id
    assert await act(shop, lambda: spend(account, 4, Cause("redemption", new_id()))) == 6
    rows = await shop.rows(
        "SELECT remaining FROM ledger_lot WHERE tenant_id = $1 ORDER BY expires_at"
    )
    assert [row["remaining"] for row in rows] == [10, 6]
