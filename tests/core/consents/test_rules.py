"""Under fourteen until the day after the birthday; what a last word means; evidence cut short."""

from datetime import date

import pytest

from shuke_core.consents.rules import (
    Purpose,
    Standing,
    is_scene,
    is_under_age,
    network_of,
    standing,
)


@pytest.mark.parametrize(
    ("birthday", "today", "under_age"),
    [
        (date(2012, 11, 24), date(2026, 11, 23), True),
        (date(2012, 11, 24), date(2026, 11, 24), True),  # the birthday itself: full from tomorrow
        (date(2012, 11, 24), date(2026, 11, 25), False),
        (date(2012, 2, 29), date(2026, 2, 28), True),
        (date(2012, 2, 29), date(2026, 3, 1), False),
        (date(2014, 2, 28), date(2028, 2, 28), True),
        (date(2014, 2, 28), date(2028, 2, 29), False),
        (date(2014, 3, 1), date(2028, 2, 29), True),
        (date(2014, 3, 1), date(2028, 3, 1), True),
        (None, date(2026, 11, 24), False),
    ],
)
def test_fourteen_begins_on_the_day_after_the_birthday(
    birthday: date | None, today: date, under_age: bool
) -> None:
    assert is_under_age(birthday, today) is under_age


@pytest.mark.parametrize(
    ("purpose", "said", "to_newest", "by", "under_age", "means"),
    [
        (Purpose.PRIVACY, None, False, None, False, Standing.ASKED),
        (Purpose.PRIVACY, "given", True, "member", False, Standing.GIVEN),
        (Purpose.PRIVACY, "given", False, "member", False, Standing.ASKED),
        (Purpose.PRIVACY, "withdrawn", False, "member", False, Standing.WITHDRAWN),
        (Purpose.PRIVACY, "given", True, "member", True, Standing.ASKED),
        (Purpose.PRIVACY, "given", True, "guardian", True, Standing.GIVEN),
        (Purpose.MARKETING, "given", True, "guardian", True, Standing.BARRED),
        (Purpose.MARKETING, "given", True, "member", False, Standing.GIVEN),
    ],
)
def test_what_a_last_word_means(
    purpose: Purpose,
    said: str | None,
    to_newest: bool,
    by: str | None,
    under_age: bool,
    means: Standing,
) -> None:
    assert standing(purpose, said, to_newest=to_newest, by=by, under_age=under_age) is means


def test_a_scene_is_a_word_of_a_program() -> None:
    assert is_scene("")
    assert is_scene("pages/login:sheet-1")
    for text in ("王小明", "a b", "x" * 61, "13800138000@x"):
        assert not is_scene(text)


def test_of_an_address_only_the_network_stays() -> None:
    assert network_of("203.0.113.77") == "203.0.113.0"
    assert network_of("2001:db8:1:2:3::4") == "2001:db8:1::"
    assert network_of("worker") is None
