"""How much of a refund an order can bear: all of it or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.orders.rules import refundable_part

fen = st.integers(0, 1_000_000)


@pytest.mark.parametrize(
    ("total", "refunded", "wanted", "part"),
    [
        (1000, 0, 1000, 1000),
        (1000, 400, 600, 600),
        (1000, 400, 601, None),
        (1000, 1000, 1, None),
        (1000, 0, -1, None),
        (0, 0, 0, 0),
    ],
)
def test_a_refund_is_borne(total: int, refunded: int, wanted: int, part: int | None) -> None:
    assert refundable_part(total, refunded, wanted) == part


@given(fen, st.lists(fen))
def test_refunds_never_give_back_more_than_was_paid(total: int, wanted: list[int]) -> None:
    refunded = 0
    for one in wanted:
        refunded += refundable_part(total, refunded, one) or 0
    assert 0 <= refunded <= total
