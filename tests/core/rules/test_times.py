"""Where relative times begin and end, to the microsecond, in the tenant's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.core.rules.words import AT, SHANGHAI

from shuke_core.rules.times import At, Away, Last, days_of, moments_of, months_before
from shuke_core.rules.vocabulary import Period, Unit

NEW_YORK = ZoneInfo("America/New_York")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("away", "moment"),
    [
        (Away(0, Unit.DAYS), "2026-03-15T00:00"),
        (Away(30, Unit.DAYS), "2026-02-13T00:00"),
        (Away(2, Unit.WEEKS), "2026-03-01T00:00"),
        (Away(1, Unit.MONTHS), "2026-02-15T00:00"),
        (Away(18, Unit.YEARS), "2008-03-15T00:00"),
        (Away(-3, Unit.DAYS), "2026-03-18T00:00"),
        (Away(2, Unit.HOURS), "2026-03-15T10:00"),
        (Away(90, Unit.MINUTES), "2026-03-15T10:30"),
    ],
)
def test_days_begin_at_midnight_and_hours_run_by_the_clock(away: Away, moment: str) -> None:
    assert away.moment(AT) == shanghai(moment)


@pytest.mark.parametrize(
    ("stretch", "first", "after"),
    [
        (Period.TODAY, "2026-03-15", "2026-03-16"),
        (Period.YESTERDAY, "2026-03-14", "2026-03-15"),
        (Period.THIS_WEEK, "2026-03-09", "2026-03-16"),
        (Period.LAST_WEEK, "2026-03-02", "2026-03-09"),
        (Period.THIS_MONTH, "2026-03-01", "2026-04-01"),
        (Period.LAST_MONTH, "2026-02-01", "2026-03-01"),
        (Period.THIS_QUARTER, "2026-01-01", "2026-04-01"),
        (Period.LAST_QUARTER, "2025-10-01", "2026-01-01"),
        (Period.THIS_YEAR, "2026-01-01", "2027-01-01"),
        (Period.LAST_YEAR, "2025-01-01", "2026-01-01"),
        (Last(30, Unit.DAYS), "2026-02-13", "2026-03-16"),
        (Last(1, Unit.MONTHS), "2026-02-15", "2026-03-16"),
        (Last(0, Unit.DAYS), "2026-03-15", "2026-03-16"),
    ],
)
def test_a_stretch_ends_where_the_next_begins(
    stretch: Period | Last, first: str, after: str
) -> None:
    assert moments_of(stretch, AT) == (shanghai(f"{first}T00:00"), shanghai(f"{after}T00:00"))
    last = date.fromisoformat(after) - timedelta(days=1)
    assert days_of(stretch, AT) == (date.fromisoformat(first), last)


def test_the_day_is_the_zones() -> None:
    moment = datetime(2026, 3, 14, 16, tzinfo=UTC)  # midnight in Shanghai, noon in New York
    assert At(moment, SHANGHAI).today == date(2026, 3, 15)
    assert At(moment - timedelta(microseconds=1), SHANGHAI).today == date(2026, 3, 14)
    assert At(moment, NEW_YORK).today == date(2026, 3, 14)


def test_a_day_may_have_twenty_three_hours() -> None:
    at = At(datetime(2026, 3, 8, 18, tzinfo=UTC), NEW_YORK)
    begins, ends = moments_of(Period.TODAY, at)
    assert ends - begins == timedelta(hours=23)


def test_a_shorter_month_ends_on_its_last_day() -> None:
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2026, 12, 31), -2) == date(2027, 2, 28)
    assert months_before(date(2026, 1, 15), 1) == date(2025, 12, 15)
