"""Cursors hold exact keys, belong to one list, and can't be made up."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.kit.pagination import (
    CursorInvalid,
    PageSizeInvalid,
    checked_page_size,
    from_cursor,
    to_cursor,
)

KEY = b"k" * 32
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.uuids())
def test_a_cursor_gives_its_keys_back_to_the_microsecond(at: datetime, row_id: UUID) -> None:
    assert from_cursor(KEY, "orders", to_cursor(KEY, "orders", (at, row_id))) == (at, row_id)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        from_cursor(KEY, "orders", text)


def test_a_cursor_of_another_list_or_another_tenant_is_refused() -> None:
    cursor = to_cursor(KEY, "orders", (datetime(2026, 1, 2, tzinfo=UTC), UUID(int=7)))
    with pytest.raises(CursorInvalid):
        from_cursor(KEY, "entries", cursor)
    with pytest.raises(CursorInvalid):
        from_cursor(b"j" * 32, "orders", cursor)


@pytest.mark.parametrize("wanted", [0, -1, 101, 10**9])
def test_page_sizes_outside_one_to_a_hundred_are_refused(wanted: int) -> None:
    with pytest.raises(PageSizeInvalid):
        checked_page_size(wanted)
