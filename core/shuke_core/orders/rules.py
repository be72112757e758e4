"""Pure rules of orders."""

from typing import Final

SHORTEST_RECEIPT: Final = 12  # letters and digits: of 36 each, nobody tries them all


def comparable(receipt: str) -> str:
    """A receipt code as it is compared: its letters and digits, however they are grouped or written."""
    return "".join(each for each in receipt.upper() if each.isascii() and each.isalnum())


def refundable_part(total_fen: int, refunded_fen: int, wanted_fen: int) -> int | None:
    """What of a refund an order can bear, in fen: all of it, or None when it has not that left."""
    return wanted_fen if 0 <= wanted_fen <= total_fen - refunded_fen else None
