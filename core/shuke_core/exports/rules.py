"""Pure rules of exports: cells that no spreadsheet runs, lines, the watermark, the file's name."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

BOM = "\ufeff"  # without it Excel takes UTF-8 for the machine's own character set

# What makes a spreadsheet take a cell for a formula, as OWASP lists it under CSV injection, with
# the full-width forms that Excel takes for the same in East Asian locales. What it may skip before
# them, blanks and invisible marks, is skipped here as well.
_SKIPPED = r"[\s\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\x00-\x1f]*"
_FORMULA = re.compile(rf"{_SKIPPED}[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
# Excel keeps 15 digits of a number: a card number would end in a zero.
_LONG_NUMBER = re.compile(r"\d{16,}", re.ASCII)


def harmless(cell: str) -> str:
    """The cell so that a spreadsheet shows it as text: with an apostrophe before it if it needs one.

    Whoever reads such a file back takes the apostrophe off again (`kit.cleaning` does).
    """
    return f"'{cell}" if _FORMULA.match(cell) or _LONG_NUMBER.fullmatch(cell) else cell


def csv_lines(rows: Iterable[Sequence[str | None]]) -> bytes:
    """Lines after RFC 4180 in UTF-8, every cell harmless; None is an empty cell."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(
        [harmless(cell) if cell else "" for cell in row] for row in rows
    )
    return written.getvalue().encode()


def watermark(handle: str, name: str, at: datetime, export_id: UUID, rows: int) -> list[str]:
    """The last line of a file: by whom it was asked for and when, which export it is."""
    return [f"导出人 {name} ({handle}) · {at:%Y-%m-%d %H:%M:%S %z} · {export_id} · {rows} 行"]


def file_name(kind: str, handle: str, at: datetime, export_id: UUID) -> str:
    """The watermark in the file's name: plain ASCII, as kinds, handles and ids are."""
    return f"{kind.replace('.', '-')}-{at:%Y%m%d-%H%M%S}-{handle}-{export_id}.csv"
