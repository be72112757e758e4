"""Relative times: where "30 days ago" and "this month" begin and end, once for SQL and for memory.

Days, weeks, months and years are the tenant's calendar: "30 days ago" is the beginning of that day, so
that what holds in the morning holds in the evening. A period ends where the next one begins.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shuke_core.kit import clock
from shuke_core.rules.vocabulary import OF_THE_CLOCK, Period, Unit

_MONTHS = {Unit.MONTHS: 1, Unit.YEARS: 12}


@dataclass(frozen=True, slots=True)
class At:
    """The moment at which a rule is decided, and in which zone its days are."""

    now: datetime
    zone: ZoneInfo
    known: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        """The first moment of a day, in UTC."""
        return clock.start_of_day(day, self.zone)


@dataclass(frozen=True, slots=True)
class Away:
    """So many units before today or this moment; a negative number lies ahead."""

    number: int
    unit: Unit

    def day(self, at: At) -> date:
        """The day it falls on. The 31st of a shorter month is its last day."""
        if self.unit in _MONTHS:
            return months_before(at.today, self.number * _MONTHS[self.unit])
        return at.today - timedelta(days=self.number * (7 if self.unit is Unit.WEEKS else 1))

    def moment(self, at: At) -> datetime:
        """Of the clock's units the very moment, of the calendar's the beginning of the day."""
        if self.unit in OF_THE_CLOCK:
            return at.now - timedelta(**{self.unit.value: self.number})
        return at.start(self.day(at))


@dataclass(frozen=True, slots=True)
class Last:
    """The last so many units, today included: from the day that `Away` gives to the end of today."""

    number: int
    unit: Unit


def days_of(stretch: Period | Last, at: At) -> tuple[date, date]:
    """The first and the last day of it."""
    today = at.today
    if isinstance(stretch, Last):
        return Away(stretch.number, stretch.unit).day(at), today
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    quarter = months_before(first, (first.month - 1) % 3)
    year, day = first.replace(month=1), timedelta(days=1)
    return {
        Period.TODAY: (today, today),
        Period.YESTERDAY: (today - day, today - day),
        Period.THIS_WEEK: (monday, monday + 6 * day),
        Period.LAST_WEEK: (monday - 7 * day, monday - day),
        Period.THIS_MONTH: (first, months_before(first, -1) - day),
        Period.LAST_MONTH: (months_before(first, 1), first - day),
        Period.THIS_QUARTER: (quarter, months_before(quarter, -3) - day),
        Period.LAST_QUARTER: (months_before(quarter, 3), quarter - day),
        Period.THIS_YEAR: (year, months_before(year, -12) - day),
        Period.LAST_YEAR: (months_before(year, 12), year - day),
    }[stretch]


def moments_of(stretch: Period | Last, at: At) -> tuple[datetime, datetime]:
    """Its first moment, and the first one after it."""
    first, last = days_of(stretch, at)
    return at.start(first), at.start(last + timedelta(days=1))


def months_before(day: date, months: int) -> date:
    """The same day of a month before (or after, of a negative number), or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
