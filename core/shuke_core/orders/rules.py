"""Pure rules of orders."""


def refundable_part(total_fen: int, refunded_fen: int, wanted_fen: int) -> int | None:
    """What of a refund an order can bear, in fen: all of it, or None when it has not that left."""
    return wanted_fen if 0 <= wanted_fen <= total_fen - refunded_fen else None
