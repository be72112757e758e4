"""When reminders are given."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.tasks.rules import given_of, reminders_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "before"), [(10, 5), (30, 15), (31, 16), (60, 45), (1440, 1425)]
)
def test_a_quarter_of_an_hour_before_or_half_of_a_short_task(minutes: int, before: int) -> None:
    due = NOW + timedelta(minutes=minutes)
    assert reminders_of(NOW, due) == {"before": NOW + timedelta(minutes=before), "due": due}


@given(st.lists(st.sampled_from(["before", "due"]), unique=True))
def test_every_reminder_is_given_or_missed_and_what_is_due_is_given(due: list[str]) -> None:
    told, missed = given_of(due)
    assert sorted(told + missed) == sorted(due)
    assert len(told) == min(len(due), 1)
    assert ("due" in told) == ("due" in due)
