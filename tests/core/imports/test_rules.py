"""Rows of CSV files: found in whatever pieces the file comes, and never more than they are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.catalog.imports import ITEMS
from shuke_core.imports.kinds import RowRefused
from shuke_core.imports.rules import (
    LONGEST_ROW,
    FileUnreadable,
    Layout,
    RawRow,
    layout_of,
    raw_rows,
    read_row,
)

_CELLS = st.lists(st.text(alphabet='a"中,;\n\r\t 1', max_size=8), min_size=2, max_size=4)


def _in_pieces(data: bytes, size: int) -> list[bytes]:
    """The rows, when the file comes in pieces of that size: as the worker finds them."""
    found: list[bytes] = []
    window, at, read = b"", 0, 0
    while True:
        for row in raw_rows(window, at, ",", is_all=read >= len(data)):
            found.append(row.data)
            at = row.end
        if read >= len(data):
            return found
        window += data[read : read + size]
        read += size


@given(rows=st.lists(_CELLS, max_size=6), size=st.integers(1, 40))
def test_a_written_file_is_read_row_by_row_in_any_pieces(rows: list[list[str]], size: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    found = _in_pieces(text.getvalue().encode(), size)
    layout = Layout("utf-8", ",", ("a", "b", "c", "d"))
    expected = [
        {k: cell for k, cell in zip("abcd", row, strict=False) if cell.strip()} or None
        for row in rows
    ]
    assert [read_row(RawRow(each, 0, True), layout) for each in found] == expected


@given(data=st.binary(max_size=200), size=st.integers(1, 30))
def test_whatever_bytes_come_none_is_lost_and_pieces_change_nothing(data: bytes, size: int) -> None:
    whole = _in_pieces(data, len(data) or 1)
    assert b"".join(whole) == data
    assert _in_pieces(data, size) == whole


def test_a_quote_that_is_never_closed_costs_its_line_alone() -> None:
    rows = list(raw_rows(b'A,"x\nB,y\nC,z', 0, ",", is_all=True))
    assert [(row.data, row.is_whole) for row in rows] == [
        (b'A,"x\n', False),
        (b"B,y\n", True),
        (b"C,z", True),
    ]


def test_a_quote_within_a_cell_is_a_letter() -> None:
    (one, two) = raw_rows(b'A,12" disc\nB,"say ""hi"", you"\n', 0, ",", is_all=True)
    layout = Layout("utf-8", ",", ("code", "name"))
    assert read_row(one, layout) == {"code": "A", "name": '12" disc'}
    assert read_row(two, layout) == {"code": "B", "name": 'say "hi", you'}


def test_a_row_without_an_end_is_cut_and_no_more_is_wanted() -> None:
    endless = b'A,"' + b"x" * (LONGEST_ROW + 10)
    assert list(raw_rows(endless[:LONGEST_ROW], 0, ",", is_all=False)) == []
    (row,) = raw_rows(endless, 0, ",", is_all=False)
    assert (row.end, row.is_whole) == (len(endless), False)


@pytest.mark.parametrize(
    ("text", "encoding", "delimiter", "columns"),
    [
        ("code,name,price\n", "utf-8", ",", ("code", "name", "price")),
        ("\ufeff商品编码,品名,售价\r\n", "utf-8", ",", ("code", "name", "price")),
        ("编码\t名称\t类目\n", "utf-8", "\t", ("code", "name", "category")),
        ("SKU;Status;Brand\n", "utf-8", ";", ("code", "state", "Brand")),
        ('"code","na""me",,\n', "utf-8", ",", ("code", 'na"me', "", "")),
    ],
)
def test_the_first_row_tells_the_layout(
    text: str, encoding: str, delimiter: str, columns: tuple[str, ...]
) -> None:
    data = text.encode() + b"A,B,C\n"
    layout, at = layout_of(data, ITEMS, is_all=True)
    assert layout == Layout(encoding, delimiter, columns)
    assert data[at:] == b"A,B,C\n"


def test_what_chinese_spreadsheets_save_is_read_as_what_it_is() -> None:
    data = "编码,名称\nA,龙井\n".encode("gbk")
    layout, at = layout_of(data, ITEMS, is_all=True)
    assert layout.encoding == "gb18030"
    (row,) = raw_rows(data, at, ",", is_all=True)
    assert read_row(row, layout) == {"code": "A", "name": "龙井"}
    # Also where the headings alone would not tell.
    assert layout_of("code,name\nA,龙井\n".encode("gbk"), ITEMS, is_all=True)[0].encoding == (
        "gb18030"
    )


def test_a_character_that_the_first_piece_cuts_is_none_of_another_encoding() -> None:
    data = "code,name\nA,龙井".encode()
    assert layout_of(data[:-1], ITEMS, is_all=False)[0].encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("编码\n".encode("utf-16"), "no CSV text"),
        (b"PK\x03\x04\x00\x00", "no CSV text"),
        (b"code,name\n\xff\xff\xff\n", "neither UTF-8 nor GB 18030"),
        (b"name,price\n", "no column code"),
        ("code,编码\n".encode(), "two columns are code"),
        (",".join(f"c{n}" for n in range(61)).encode(), "more than 60 columns"),
        (b'"code,name\nA,B\n', "no row of headings"),
        (b"code,name\rA,B\r", "carriage return alone"),
        (f"code,{'x' * 61}\n".encode(), "is illegible"),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(FileUnreadable, match=why):
        layout_of(data, ITEMS, is_all=True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"A,B,C,D", "ROW_TOO_WIDE"),
        ("A,龙井".encode("gbk"), "ROW_ENCODING"),
        (b"A,b\rc,d", "ROW_ILLEGIBLE"),
    ],
)
def test_a_row_that_is_none_says_why(data: bytes, code: str) -> None:
    refused = read_row(RawRow(data, 0, True), Layout("utf-8", ",", ("code", "name", "")))
    assert isinstance(refused, RowRefused)
    assert (refused.field, refused.code) == ("$", code)


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n", b",,,\n", b"  , \n"])
def test_a_blank_row_is_no_row(data: bytes) -> None:
    assert read_row(RawRow(data, 0, True), Layout("utf-8", ",", ("code", "name"))) is None
