"""Fifteen working days, and the words that mean it."""

from datetime import date

import pytest

from shuke_core.personal_data.rules import due_on, is_confirmed


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (date(2026, 11, 23), date(2026, 12, 14)),  # a Monday: three weeks on
        (date(2026, 11, 27), date(2026, 12, 18)),  # a Friday
        (date(2026, 11, 28), date(2026, 12, 18)),  # a Saturday
        (date(2026, 11, 29), date(2026, 12, 18)),  # a Sunday
    ],
)
def test_a_request_is_due_after_fifteen_working_days(asked: date, due: date) -> None:
    assert due_on(asked) == due


def test_only_the_words_confirm() -> None:
    assert is_confirmed(" 注销 ")
    assert is_confirmed("erase")
    for text in ("", "yes", "注销吗", "ERASE ME"):
        assert not is_confirmed(text)
