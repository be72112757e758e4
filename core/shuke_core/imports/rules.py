"""Pure rules of imports: where a row of a CSV file ends, what it says, in which characters.

Everything works on bytes as they come, so that nothing has a whole file in memory: a row is found in
what has been read so far, or more is wanted. Quotes, commas and line ends are single bytes in UTF-8 and
in GB 18030 alike, and no part of another character.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shuke_core.imports.kinds import Cells, ImportKind, RowRefused
from shuke_core.kit.cleaning import Unclean, clean_text, shown

BOM: Final = codecs.BOM_UTF8
UTF8, GB18030 = "utf-8", "gb18030"
LONGEST_ROW: Final = 64 * 1024
TELLING: Final = 256 * 1024  # bytes by which a file is judged
MOST_COLUMNS: Final = 60
LONGEST_HEADING: Final = 60
_QUOTE, _NEWLINE = 0x22, 0x0A
_DELIMITERS: Final = (",", "\t", ";")
_BY_DELIMITER = {each: re.compile(f"[{each}\n]".encode()) for each in _DELIMITERS}


class FileUnreadable(Exception):
    """The file as a whole is no list that can be read; `why` says it in words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written: its characters, what parts the cells, and its columns in their order."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawRow:
    """The bytes of one row, with where it ends; `is_whole` is False where a quote is never closed or the
    row has no end for 64 KiB: then it is its first line alone."""

    data: bytes
    end: int
    is_whole: bool


def raw_rows(data: bytes, start: int, delimiter: str, *, is_all: bool) -> Iterator[RawRow]:
    """The rows of `data` from `start` on, as far as they are there. `is_all`: no more will come."""
    while start < len(data):
        end = _end_of_row(data, start, _BY_DELIMITER[delimiter], is_all=is_all)
        if end is not None and end - start <= LONGEST_ROW:
            yield RawRow(data[start:end], end, True)
        elif end is None and not is_all and len(data) - start <= LONGEST_ROW:
            return  # more may end it
        else:
            line = data.find(b"\n", start)
            end = len(data) if line < 0 else line + 1
            yield RawRow(data[start:end], end, False)
        start = end


def _end_of_row(data: bytes, at: int, parts: re.Pattern[bytes], *, is_all: bool) -> int | None:
    """Where the row that begins at `at` ends, behind its line end; None if that is not there."""
    newline = data.find(b"\n", at)
    if newline >= 0 and data.find(b'"', at, newline) < 0:
        return newline + 1  # as most rows are
    while True:
        if at < len(data) and data[at] == _QUOTE:
            at = data.find(b'"', at + 1)
            while at >= 0 and data[at + 1 : at + 2] == b'"':
                at = data.find(b'"', at + 2)
            if at < 0 or (at + 1 == len(data) and not is_all):
                return None
            at += 1
        found = parts.search(data, at)
        if found is None:
            return len(data) if is_all else None
        at = found.end()
        if data[at - 1] == _NEWLINE:
            return at


def layout_of(beginning: bytes, kind: ImportKind, *, is_all: bool) -> tuple[Layout, int]:
    """The layout that the first row tells, and where the second begins.

    `beginning` is as much of the file as tells it, or all of it. Raises FileUnreadable.
    """
    if beginning[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" in beginning[:4096]:
        raise FileUnreadable("it is no CSV text; save it as CSV UTF-8, not as a workbook")
    start = len(BOM) if beginning.startswith(BOM) else 0
    encoding = UTF8 if start else _encoding(beginning, is_all=is_all)
    line = beginning[start:].split(b"\n", 1)[0]
    delimiter = max(_DELIMITERS, key=lambda each: line.count(each.encode()))
    first = next(raw_rows(beginning, start, delimiter, is_all=is_all), None)
    if first is None or not first.is_whole:
        raise FileUnreadable("its first row is no row of headings")
    headings = _cells(first.data, Layout(encoding, delimiter, ()))
    return Layout(encoding, delimiter, _columns(headings, kind)), first.end


def _encoding(beginning: bytes, *, is_all: bool) -> str:
    """UTF-8, or what Chinese spreadsheets write instead: that in which more of its lines are written.

    Chinese in GB 18030 is hardly ever UTF-8, while any UTF-8 may be read as GB 18030, amiss.
    """
    lines = beginning.split(b"\n")
    whole = lines if is_all or len(lines) == 1 else lines[:-1]
    telling = [line for line in whole if not line.isascii()]
    as_utf8 = sum(_is(line, UTF8) for line in telling)
    as_gb = sum(not _is(line, UTF8) and _is(line, GB18030) for line in telling)
    if telling and not as_utf8 and not as_gb:
        raise FileUnreadable("its characters are neither UTF-8 nor GB 18030")
    return GB18030 if as_gb > as_utf8 else UTF8


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _columns(headings: Sequence[str], kind: ImportKind) -> tuple[str, ...]:
    if len(headings) > MOST_COLUMNS:
        raise FileUnreadable(f"it has more than {MOST_COLUMNS} columns")
    columns: list[str] = []
    for heading in headings:
        try:
            text = clean_text(heading, longest=LONGEST_HEADING) or ""
        except Unclean:
            raise FileUnreadable(f"the heading {shown(heading)!r} is illegible") from None
        column = kind.headings.get(text.casefold(), text)
        if column and column in columns:
            raise FileUnreadable(f"two columns are {column}")
        columns.append(column)
    if lacking := sorted(kind.needed - set(columns)):
        raise FileUnreadable(f"it has no column {', '.join(lacking)}")
    return tuple(columns)


def _cells(data: bytes, layout: Layout) -> list[str]:
    """Raises FileUnreadable for what is no row."""
    try:
        text = data.decode(layout.encoding)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter))
    except (UnicodeDecodeError, csv.Error):
        raise FileUnreadable("a row is illegible") from None
    if len(rows) > 1:
        raise FileUnreadable("its lines end with a carriage return alone")
    return rows[0] if rows else []


def read_row(row: RawRow, layout: Layout) -> Cells | RowRefused | None:
    """The cells of a row by column; what is wrong with it; or None for a blank one.

    Codes: ROW_UNCLOSED, ROW_ENCODING, ROW_ILLEGIBLE, ROW_TOO_WIDE.
    """
    if not row.is_whole:
        return RowRefused("$", "ROW_UNCLOSED", shown(_roughly(row.data)))
    try:
        text = row.data.decode(layout.encoding)
    except UnicodeDecodeError:
        return RowRefused("$", "ROW_ENCODING", shown(_roughly(row.data)))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter))
    except csv.Error:
        return RowRefused("$", "ROW_ILLEGIBLE", shown(text))
    if len(rows) > 1:  # a line end that is none here: what stands behind it must not be lost
        return RowRefused("$", "ROW_ILLEGIBLE", shown(text))
    cells = rows[0] if rows else []
    if any(cell.strip() for cell in cells[len(layout.columns) :]):
        return RowRefused("$", "ROW_TOO_WIDE", str(len(cells)))
    named = {
        column: cell
        for column, cell in zip(layout.columns, cells, strict=False)
        if column and cell.strip()
    }
    return named or None


def rough_cell(row: RawRow, layout: Layout, column: str) -> str | None:
    """What a row says in the column, as far as that can be made out, however ill the row is."""
    text = row.data.decode(layout.encoding, "replace").split("\n", 1)[0]
    try:
        cells = next(csv.reader(io.StringIO(text), delimiter=layout.delimiter), [])
    except csv.Error:
        return None
    named = dict(zip(layout.columns, cells, strict=False))
    return named.get(column, "").strip() or None


def _roughly(data: bytes) -> str:
    return data[:400].decode(UTF8, "replace").strip()


def rough_cells(row: RawRow) -> Mapping[str, str]:
    """What is kept of a row that could not be read into cells."""
    return {"$": row.data[:LONGEST_ROW].decode(UTF8, "replace")}
