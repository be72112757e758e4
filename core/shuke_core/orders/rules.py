"""Pure rules of orders."""

from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Final

LARGEST_QUANTITY: Final = 100_000
PLACES: Final = 3
SHORTEST_RECEIPT: Final = 12  # letters and digits: of 36 each, nobody tries them all


def comparable(receipt: str) -> str:
    """A receipt code as it is compared: its letters and digits, however they are grouped or written."""
    return "".join(each for each in receipt.upper() if each.isascii() and each.isalnum())


class DiscountSource(Enum):
    """Where a discount comes from."""

    PROMOTION = "promotion"
    COUPON = "coupon"
    POINTS = "points"
    TIER = "tier"
    HAND = "hand"


def is_quantity(quantity: Decimal) -> bool:
    """Whether so much can be bought or sent back: above 0, with up to three places."""
    return (
        quantity.is_finite()
        and 0 < quantity <= LARGEST_QUANTITY
        and quantity == round(quantity, PLACES)
    )


def line_amount(price_fen: int, quantity: Decimal) -> int:
    """What a line costs before discounts, in fen; half a fen is rounded up."""
    return int((price_fen * quantity).to_integral_value(ROUND_HALF_UP))
