"""Pure rules of reveals: what number of them is unusual."""

from collections.abc import Sequence

TIMES = 3  # as many as on a usual day
FEW = 10  # nothing below this is unusual
FEWEST_DAYS = 5  # with fewer days behind them nobody knows what is usual


def is_unusual(within_a_day: int, days_before: Sequence[int], alert_at: int) -> bool:
    """Whether so many reveals within 24 hours are to be told of.

    `days_before` are the counts of the earlier days on which there were any. Always told of is what
    reaches the tenant's `alert_at`; else three times the person's mean, from ten on.
    """
    if within_a_day >= alert_at:
        return True
    if within_a_day < FEW or len(days_before) < FEWEST_DAYS:
        return False
    return within_a_day * len(days_before) >= TIMES * sum(days_before)
