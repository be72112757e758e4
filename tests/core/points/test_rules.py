"""What an amount earns, and what refunds take back of it: exact values, and laws for all values."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.points.rules import points_for, points_to_take_back

rates = st.decimals(0, 1000, places=3)
totals = st.integers(0, 10_000_000)


@pytest.mark.parametrize(
    ("amount_fen", "rate", "points"),
    [
        (0, "1", 0),
        (99, "1", 0),
        (100, "1", 1),
        (199, "1", 1),
        (1250, "1", 12),
        (1250, "0", 0),
        (1250, "0.5", 6),
        (1250, "1.5", 18),
        (1, "1000", 10),
        (333, "0.001", 0),
        (100_000, "0.001", 1),
        (99_999, "0.001", 0),
        (2990, "0.1", 2),
        (10_000, "0.57", 57),  # 100 × 0.57 as floats: 56.99999999999999
        (9_007_199_254_740_993, "1", 90_071_992_547_409),
    ],
)
def test_an_amount_earns(amount_fen: int, rate: str, points: int) -> None:
    assert points_for(amount_fen, Decimal(rate)) == points


@pytest.mark.parametrize(
    ("total_fen", "before_fen", "after_fen", "rate", "points"),
    [
        (1250, 0, 1250, "1", 12),
        (1250, 0, 250, "1", 2),
        (1250, 0, 50, "1", 0),  # 12.00 kept still earn 12
        (1250, 50, 100, "1", 1),  # the next half yuan takes what the first did not
        (1250, 100, 1250, "1", 11),
        (1250, 300, 300, "1", 0),
        (1250, 0, 1250, "0", 0),
        (999, 0, 999, "0.333", 3),
    ],
)
def test_a_refund_takes_back(
    total_fen: int, before_fen: int, after_fen: int, rate: str, points: int
) -> None:
    assert points_to_take_back(total_fen, before_fen, after_fen, Decimal(rate)) == points


@given(totals, totals, rates)
def test_more_money_never_earns_less(one: int, other: int, rate: Decimal) -> None:
    assert points_for(min(one, other), rate) <= points_for(max(one, other), rate)


@given(totals, rates, rates)
def test_a_higher_rate_never_earns_less(amount: int, one: Decimal, other: Decimal) -> None:
    assert points_for(amount, min(one, other)) <= points_for(amount, max(one, other))


@given(totals, rates)
def test_points_are_the_whole_part_of_the_exact_product(amount: int, rate: Decimal) -> None:
    thousandths = int(rate * 1000)
    assert points_for(amount, rate) == amount * thousandths // 100_000


@given(totals, totals, rates)
def test_two_orders_earn_at_most_one_point_less_than_one(
    one: int, other: int, rate: Decimal
) -> None:
    together = points_for(one + other, rate)
    assert points_for(one, rate) + points_for(other, rate) in (together, together - 1)


@given(st.lists(st.integers(0, 500_000), max_size=12), st.integers(0, 500_000), rates)
def test_however_an_order_is_refunded_the_parts_add_up(
    parts: list[int], kept: int, rate: Decimal
) -> None:
    total, refunded, taken = sum(parts) + kept, 0, 0
    for part in parts:
        back = points_to_take_back(total, refunded, refunded + part, rate)
        assert back >= 0
        refunded += part
        taken += back
        assert points_for(total, rate) - taken == points_for(total - refunded, rate)
    assert taken == points_to_take_back(total, 0, total - kept, rate)


@given(totals, st.integers(0, 10_000_000), rates)
def test_a_whole_refund_takes_back_all_that_was_earned(
    total: int, first: int, rate: Decimal
) -> None:
    first = min(first, total)
    taken = points_to_take_back(total, 0, first, rate) + points_to_take_back(
        total, first, total, rate
    )
    assert taken == points_for(total, rate)


@given(totals, totals, totals, rates)
def test_refunding_more_never_takes_back_less(
    total: int, one: int, other: int, rate: Decimal
) -> None:
    one, other = sorted((min(one, total), min(other, total)))
    assert points_to_take_back(total, 0, one, rate) <= points_to_take_back(total, 0, other, rate)
