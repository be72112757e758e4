"""What number of reveals is unusual."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.reveals.rules import is_unusual

DAYS = [4, 4, 4, 4, 4]


@pytest.mark.parametrize(
    ("within_a_day", "before", "unusual"),
    [
        (49, [], False), (50, [], True),  # the tenant's own number
        (11, DAYS, False), (12, DAYS, True),  # three times a usual day
        (12, DAYS[:4], False),  # too few days to know
        (9, [1, 1, 1, 1, 1], False), (10, [1, 1, 1, 1, 1], True),  # nothing below ten
        (29, [10] * 20, False), (30, [10] * 20, True),
    ],
)  # fmt: skip
def test_unusual(within_a_day: int, before: Sequence[int], unusual: bool) -> None:
    assert is_unusual(within_a_day, before, 50) is unusual


@given(st.integers(0, 200), st.lists(st.integers(1, 100), max_size=28), st.integers(0, 200))
def test_more_is_never_less_unusual(made: int, before: list[int], alert_at: int) -> None:
    assert is_unusual(made + 1, before, alert_at) >= is_unusual(made, before, alert_at)
