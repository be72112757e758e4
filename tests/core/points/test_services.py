"""Points earned and taken back, by versions of the rule; each order and refund counts once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.core.points.counter import PHONE, act, balance, holds, order, refund, tenant_in
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.ledger.queries import Balance
from shuke_core.ledger.services import Cause, spend
from shuke_core.points.errors import EarningRuleInvalid, EarningRuleMissing
from shuke_core.points.services import (
    earn_for_orders,
    rule_in_force,
    set_earning_rule,
    take_back_for_refunds,
)
from shuke_core.runtime import Runtime


async def test_a_rule_gets_a_new_version_only_when_it_changes(shop: Shop) -> None:
    changes = [
        await act(shop, lambda r=rule: set_earning_rule(*r))  # type: ignore[misc]
        for rule in [
            (Decimal(1), 365),  # as the shop was opened
            (Decimal("1.000"), 365),
            (Decimal(2), 365),
            (Decimal(2), None),
            (Decimal(2), None),
            (Decimal(1), 365),
        ]
    ]
    assert changes == [False, False, True, True, False, True]
    versions = await shop.rows(
        "SELECT version, points_per_yuan, expires_after_days FROM earning_rule "
        "WHERE tenant_id = $1 ORDER BY version"
    )
    assert [tuple(row.values()) for row in versions] == [
        (1, Decimal("1.000"), 365),
        (2, Decimal("2.000"), 365),
        (3, Decimal("2.000"), None),
        (4, Decimal("1.000"), 365),
    ]


@pytest.mark.parametrize(
    ("rate", "days"),
    [("-0.001", 365), ("1000.001", 365), ("0.0001", 365), ("1", 0), ("1", -1), ("1", 3651)],
)
async def test_a_rule_that_makes_no_sense_is_refused(shop: Shop, rate: str, days: int) -> None:
    with pytest.raises(EarningRuleInvalid):
        await act(shop, lambda: set_earning_rule(Decimal(rate), days))
    in_force = await act(shop, rule_in_force)
    assert (in_force.points_per_yuan, in_force.expires_after_days) == (Decimal(1), 365)


@pytest.mark.parametrize(("rate", "days"), [("0", 1), ("1000", 3650), ("0.001", None)])
async def test_a_rule_may_go_to_its_limits(shop: Shop, rate: str, days: int | None) -> None:
    assert await act(shop, lambda: set_earning_rule(Decimal(rate), days))


async def test_without_a_rule_orders_wait(runtime: Runtime) -> None:
    shop = await tenant_in(runtime, "Asia/Shanghai")
    with pytest.raises(EarningRuleMissing):
        await act(shop, lambda: earn_for_orders([order(None, 1000)]))


async def test_a_refund_takes_back_by_the_rate_at_which_it_was_earned(shop: Shop) -> None:
    member = await shop.member(PHONE)
    sale = order(member, 1000)
    await act(shop, lambda: earn_for_orders([sale]))
    await act(shop, lambda: set_earning_rule(Decimal(5), 365))
    later = order(member, 1000)
    await act(shop, lambda: earn_for_orders([later]))
    assert await holds(shop, member) == (60, 0)
    assert await act(shop, lambda: take_back_for_refunds([refund(sale, 0, 400)])) == 1
    assert await holds(shop, member) == (56, 0)
    assert await act(shop, lambda: take_back_for_refunds([refund(later, 0, 400)])) == 1
    assert await holds(shop, member) == (36, 0)
    assert (await shop.verified()).found == ()


async def test_an_order_earns_once_however_often_it_is_told(shop: Shop) -> None:
    member = await shop.member(PHONE)
    sale = order(member, 1250)
    assert await act(shop, lambda: earn_for_orders([sale, sale])) == 1
    assert await act(shop, lambda: earn_for_orders([sale])) == 0
    assert await holds(shop, member) == (12, 0)


async def test_nothing_and_nobody_earn_nothing(shop: Shop) -> None:
    member = await shop.member(PHONE)
    orders = [order(member, 0), order(member, 99), order(None, 100_000)]
    assert await act(shop, lambda: earn_for_orders(orders)) == 0
    assert await act(shop, lambda: earn_for_orders([])) == 0
    refunds = [refund(orders[1], 0, 99), refund(orders[2], 0, 100_000)]
    assert await act(shop, lambda: take_back_for_refunds(refunds)) == 0
    assert await balance(shop, member) == Balance(None, 0, 0)
    assert (await shop.verified()).entries == 0


async def test_a_refund_told_twice_takes_back_once(shop: Shop) -> None:
    member = await shop.member(PHONE)
    sale = order(member, 1000)
    await act(shop, lambda: earn_for_orders([sale]))
    back = refund(sale, 0, 400)
    assert await act(shop, lambda: take_back_for_refunds([back, back])) == 1
    assert await act(shop, lambda: take_back_for_refunds([back])) == 0
    assert await holds(shop, member) == (6, 0)


async def test_a_refund_takes_the_lot_of_its_own_order_first(shop: Shop) -> None:
    member, today = await shop.member(PHONE), clock.now().date()
    sooner = order(member, 1000, business_day=(today - timedelta(days=9)).isoformat())
    returned = order(member, 1000)
    await act(shop, lambda: earn_for_orders([sooner, returned]))
    await act(shop, lambda: take_back_for_refunds([refund(returned, 0, 700)]))
    lots = await shop.rows(
        "SELECT remaining FROM ledger_lot WHERE tenant_id = $1 ORDER BY expires_at"
    )
    assert [lot["remaining"] for lot in lots] == [10, 3]


async def test_what_a_refund_finds_spent_is_owed_and_settled_by_the_next_earnings(
    shop: Shop,
) -> None:
    member = await shop.member(PHONE)
    sale = order(member, 1000)
    await act(shop, lambda: earn_for_orders([sale]))
    account = (await balance(shop, member)).account_id
    assert account is not None
    await act(shop, lambda: spend(account, 8, Cause("redemption", new_id())))
    await act(shop, lambda: take_back_for_refunds([refund(sale, 0, 1000)]))
    assert await holds(shop, member) == (0, 8)
    await act(shop, lambda: earn_for_orders([order(member, 500)]))
    assert await holds(shop, member) == (0, 3)
    await act(shop, lambda: earn_for_orders([order(member, 200), order(member, 400)]))
    assert await holds(shop, member) == (3, 0)
    settled = await shop.rows(
        "SELECT debt_change FROM ledger_entry WHERE tenant_id = $1 AND kind = 'settle' ORDER BY id"
    )
    assert [row["debt_change"] for row in settled] == [-5, -3]
    assert (await shop.verified()).found == ()
