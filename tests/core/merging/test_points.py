"""The ledger's part: lots keep their expiry, debts move, causes act once, nothing is made or lost."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests.core.merging.people import earns, merge, spends, two, undo
from tests.core.points.counter import act, balance, holds
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.ledger.errors import BalanceInsufficient
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, spend

OPEN_LOTS = """
SELECT a.member_id, l.remaining, l.opens_at, l.expires_at FROM ledger_lot l
  JOIN ledger_account a ON a.tenant_id = l.tenant_id AND a.id = l.account_id
 WHERE l.tenant_id = $1 AND l.remaining > 0 ORDER BY l.remaining
"""


async def _account(shop: Shop, member: UUID) -> UUID:
    """The account that a member had of their own, merged or not."""
    rows = await shop.rows(
        "SELECT id FROM ledger_account WHERE tenant_id = $1 AND member_id = $2", member
    )
    account: UUID = rows[0]["id"]
    return account


async def _takes_back(
    shop: Shop, account: UUID, points: int, entry: UUID, cause: UUID | None = None
) -> bool:
    return await act(
        shop,
        lambda: claw_back(
            account,
            points,
            first_from=entry,
            cause=Cause("refund", cause or new_id()),
            rule_id=None,
            happened_at=clock.now(),
        ),
    )


async def _owing(shop: Shop, member: UUID, points: int) -> None:
    entry = await earns(shop, member, points)
    assert entry is not None
    await spends(shop, member, points)
    await _takes_back(shop, await _account(shop, member), points, entry)


async def test_lots_keep_their_expiry_there_and_back(shop: Shop) -> None:
    kept, gone = await two(shop)
    now = clock.now()
    lots = [
        Earning(gone, 10, new_id(), now, now + timedelta(days=3)),
        Earning(gone, 20, new_id(), now + timedelta(hours=1), None),
        Earning(kept, 5, new_id(), now, now + timedelta(days=9)),
    ]
    await act(shop, lambda: earn(lots, cause_type="order", rule_id=None))
    before = await shop.rows(OPEN_LOTS)
    merge_id = await merge(shop, kept, gone)
    assert await shop.rows(OPEN_LOTS) == [{**lot, "member_id": kept} for lot in before]
    assert await holds(shop, kept) == (15, 0)  # the twenty open in an hour
    assert (await shop.verified()).found == ()
    await undo(shop, merge_id)
    assert await shop.rows(OPEN_LOTS) == before
    assert (await shop.verified()).found == ()


async def test_what_was_spent_meanwhile_stays_spent(shop: Shop) -> None:
    kept, gone = await two(shop)
    await earns(shop, gone, 10)
    await earns(shop, kept, 10)
    merge_id = await merge(shop, kept, gone)
    assert await spends(shop, kept, 13) == 7
    await undo(shop, merge_id)
    left = [(await holds(shop, each)) for each in (kept, gone)]
    assert sum(points for points, _ in left) == 7
    assert (await shop.verified()).found == ()


async def test_a_debt_moves_and_what_comes_together_settles(shop: Shop) -> None:
    kept, gone = await two(shop)
    await _owing(shop, gone, 30)
    await earns(shop, kept, 20)
    merge_id = await merge(shop, kept, gone)
    assert await holds(shop, kept) == (0, 10)
    await undo(shop, merge_id)
    assert (await holds(shop, kept), await holds(shop, gone)) == ((20, 0), (0, 30))
    assert (await shop.verified()).found == ()


async def test_a_debt_of_the_survivor_is_owed_again_after_the_undo(shop: Shop) -> None:
    kept, gone = await two(shop)
    await _owing(shop, kept, 50)
    await earns(shop, gone, 100)
    merge_id = await merge(shop, kept, gone)
    assert await holds(shop, kept) == (50, 0)
    await earns(shop, kept, 70)
    await undo(shop, merge_id)
    assert (await holds(shop, kept), await holds(shop, gone)) == ((20, 0), (100, 0))
    assert (await shop.verified()).found == ()


async def test_a_refund_finds_the_points_of_its_order_wherever_they_went(shop: Shop) -> None:
    kept, gone = await two(shop)
    entry = await earns(shop, gone, 10)
    await earns(shop, kept, 30)
    assert entry is not None
    account = await _account(shop, gone)
    merge_id = await merge(shop, kept, gone)
    assert await _takes_back(shop, account, 10, entry)
    rows = await shop.rows(OPEN_LOTS)
    assert [(row["member_id"], row["remaining"]) for row in rows] == [(kept, 30)]
    await undo(shop, merge_id)
    assert (await holds(shop, kept), await holds(shop, gone)) == ((30, 0), (0, 0))
    assert (await shop.verified()).found == ()


async def test_a_refund_after_the_undo_takes_from_who_has_the_points(shop: Shop) -> None:
    kept, gone = await two(shop)
    entry = await earns(shop, gone, 10)
    await earns(shop, gone, 7)
    assert entry is not None
    await undo(shop, await merge(shop, kept, gone))
    assert await _takes_back(shop, await _account(shop, gone), 10, entry)
    rows = await shop.rows(OPEN_LOTS)
    assert [(row["member_id"], row["remaining"]) for row in rows] == [(gone, 7)]


async def test_no_cause_acts_twice_for_whoever_it_is_now(shop: Shop) -> None:
    kept, gone = await two(shop)
    before, during, back = new_id(), new_id(), new_id()
    entry = await earns(shop, gone, 10, before)
    assert entry is not None
    merge_id = await merge(shop, kept, gone)
    assert await earns(shop, gone, 10, before) is None
    assert await earns(shop, gone, 5, during) is not None
    assert await earns(shop, gone, 5, during) is None
    account = await _account(shop, gone)
    assert await _takes_back(shop, account, 2, entry, back)
    assert not await _takes_back(shop, account, 2, entry, back)
    await undo(shop, merge_id)
    assert await earns(shop, gone, 10, before) is None
    assert await earns(shop, gone, 5, during) is None
    assert not await _takes_back(shop, account, 2, entry, back)
    # The survivor never had it of their own: a cause that goes to many goes to them.
    assert await earns(shop, kept, 1, before) is not None
    assert (await shop.verified()).found == ()


async def test_a_spend_by_the_old_account_is_the_survivors_and_happens_once(shop: Shop) -> None:
    kept, gone = await two(shop)
    await earns(shop, gone, 10)
    account = await _account(shop, gone)
    gift = Cause("redemption", new_id())
    merge_id = await merge(shop, kept, gone)
    assert (await balance(shop, gone)).account_id == await _account(shop, kept)
    assert await act(shop, lambda: spend(account, 4, gift)) == 6
    assert await act(shop, lambda: spend(account, 4, gift)) == 6
    with pytest.raises(BalanceInsufficient):
        await act(shop, lambda: spend(account, 7, Cause("redemption", new_id())))
    await undo(shop, merge_id)
    assert await act(shop, lambda: spend(account, 4, gift)) == 6
    assert await holds(shop, gone) == (6, 0)


async def test_points_go_on_and_come_back_through_a_chain(shop: Shop) -> None:
    first, second = await two(shop)
    third = await shop.member("13800138003")
    for nth, member in enumerate((first, second, third)):
        await earns(shop, member, 10**nth)
    one = await merge(shop, second, first)
    two_ = await merge(shop, third, second)
    assert await holds(shop, third) == (111, 0)
    await undo(shop, two_)
    assert await holds(shop, second) == (11, 0)
    await undo(shop, one)
    assert [await holds(shop, each) for each in (first, second, third)] == [
        (1, 0),
        (10, 0),
        (100, 0),
    ]
    assert (await shop.verified()).found == ()
