"""No cell of a file is a formula to any spreadsheet, and what was in it can be read back."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.exports.rules import csv_lines, file_name, harmless, watermark
from shuke_core.kit.cleaning import strip_spreadsheet_guard

TRIGGERS = "=+-@\t\r\n＝＋－＠"
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_BAITS = st.builds(
    lambda before, trigger, rest: before + trigger + rest,
    st.text(" \t\u200b\ufeff\u00a0", max_size=3),
    st.sampled_from(TRIGGERS),
    _TEXTS,
)


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(st.lists(st.lists(_TEXTS | _BAITS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_no_cell_begins_like_a_formula_and_none_is_lost(rows: list[list[str]]) -> None:
    read = _read(csv_lines(rows))
    assert [[harmless(cell) for cell in row] for row in rows] == read
    for row, told in zip(rows, read, strict=True):
        for cell, shown in zip(row, told, strict=True):
            assert not shown.startswith(tuple(TRIGGERS))
            assert shown.lstrip(" \t\r\n\u200b\ufeff\u00a0")[:1] not in set("=+-@＝＋－＠")
            assert shown in (cell, f"'{cell}")
            if shown != cell:
                assert strip_spreadsheet_guard(shown) == cell


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"http://x\",\"y\")"),
        ("+8613800138000", "'+8613800138000"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("  =1", "'  =1"), ("＝1", "'＝1"),
        ("a=1", "a=1"), ("王-小明", "王-小明"), ("13800138000", "13800138000"),
        ("123456789012345", "123456789012345"), ("1234567890123456", "'1234567890123456"),
        ("", ""),
    ],
)  # fmt: skip
def test_cells(cell: str, shown: str) -> None:
    assert harmless(cell) == shown


def test_lines_are_those_of_rfc_4180() -> None:
    rows: list[list[str | None]] = [["a", None, 'say "hi"'], ["x,y", "two\nlines", "=1"]]
    assert csv_lines(rows) == b'a,,"say ""hi"""\r\n"x,y","two\nlines",\'=1\r\n'


def test_the_watermark_says_who_and_when() -> None:
    at, export = datetime(2026, 11, 24, 8, 5, 9, tzinfo=UTC), UUID(int=7)
    assert watermark("wang", "王芳", at, export, 12) == [
        f"导出人 王芳 (wang) · 2026-11-24 08:05:09 +0000 · {export} · 12 行"
    ]
    assert file_name("points.entries", "wang", at, export) == (
        f"points-entries-20261124-080509-wang-{export}.csv"
    )
