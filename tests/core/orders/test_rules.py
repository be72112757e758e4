"""Pure rules of orders: codes on receipts, what a line costs."""

from decimal import Decimal

import pytest

from shuke_core.orders.rules import comparable, line_amount


def test_a_receipt_code_is_compared_by_its_letters_and_digits() -> None:
    assert comparable("ab12-CD34 ef５6") == "AB12CD34EF6"


@pytest.mark.parametrize(
    ("price", "quantity", "fen"),
    [(1000, "2", 2000), (1999, "0.358", 716), (1, "0.5", 1), (1, "0.499", 0), (0, "9", 0)],
)
def test_half_a_fen_of_a_line_is_rounded_up(price: int, quantity: str, fen: int) -> None:
    assert line_amount(price, Decimal(quantity)) == fen
