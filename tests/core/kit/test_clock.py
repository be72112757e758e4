"""The one clock, and days in a tenant's zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from shuke_core.kit import clock


def test_it_can_be_held_and_runs_again_afterwards() -> None:
    moment = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    with clock.held_at(moment):
        assert clock.now() == moment
    assert clock.now() != moment


def test_it_takes_no_naive_moment() -> None:
    with pytest.raises(ValueError, match="aware"), clock.held_at(datetime(2026, 1, 1)):  # noqa: DTZ001
        pass


@pytest.mark.parametrize(
    ("zone", "day", "days", "ends"),
    [
        ("Asia/Shanghai", date(2026, 1, 1), 0, datetime(2026, 1, 1, 16, tzinfo=UTC)),
        ("Asia/Shanghai", date(2024, 2, 28), 1, datetime(2024, 2, 29, 16, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 28), 0, datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 28), 1, datetime(2026, 3, 29, 22, tzinfo=UTC)),
    ],
)
def test_a_life_of_days_ends_at_the_zones_midnight(
    zone: str, day: date, days: int, ends: datetime
) -> None:
    assert clock.day_after(day, days, ZoneInfo(zone)) == ends
