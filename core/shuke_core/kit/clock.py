"""The one clock: everything that asks for the time asks here, so that a test can hold it still."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def _system() -> datetime:
    return datetime.now(UTC)


_read: Callable[[], datetime] = _system


def now() -> datetime:
    """This moment, in UTC."""
    return _read()


@contextmanager
def held_at(moment: datetime) -> Iterator[None]:
    """Holds the clock of this process at `moment` (aware) until the block ends."""
    global _read
    if moment.tzinfo is None:
        raise ValueError("the clock takes an aware datetime")
    before, _read = _read, lambda: moment.astimezone(UTC)
    try:
        yield
    finally:
        _read = before


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of `day` in `zone`, in UTC (midnight may not exist there: then the next)."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def day_after(day: date, days: int, zone: ZoneInfo) -> datetime:
    """The midnight in `zone` that ends the `days`-th day after `day`, in UTC."""
    return start_of_day(day + timedelta(days=days + 1), zone)
