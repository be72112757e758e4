"""Pure rules of points: what an amount earns, and what a refund takes back of it."""

from decimal import ROUND_FLOOR, Decimal

_FEN_PER_YUAN = 100


def points_for(amount_fen: int, points_per_yuan: Decimal) -> int:
    """Points for an amount in fen, rounded down to whole points once, over the whole order."""
    exact = Decimal(amount_fen) * points_per_yuan / _FEN_PER_YUAN
    return int(exact.to_integral_value(ROUND_FLOOR))


def points_to_take_back(
    total_fen: int, refunded_before_fen: int, refunded_fen: int, points_per_yuan: Decimal
) -> int:
    """Points that this refund takes back: what the kept part earned before, less what it earns now.

    Rated over the sums so far and not refund by refund, so that however an order is refunded, the
    parts add up: wholly refunded means that all its points have gone.
    """
    kept_before = points_for(total_fen - refunded_before_fen, points_per_yuan)
    kept_after = points_for(total_fen - refunded_fen, points_per_yuan)
    return kept_before - kept_after
