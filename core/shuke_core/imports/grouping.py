"""Rows that belong together: where a batch may end, and what one bad row does to the others.

Rows follow each other in the file and say the same in one column (an order's number). A row that
can't be read and stands between two of them belongs to them as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shuke_core.imports.kinds import Asked, Cells, Fate, ImportKind, RefusedWith, RowRefused, Taken

MOST_TOGETHER: Final = 1000
_LONGEST_GAP: Final = 50  # rows that say nothing, after which nothing goes on


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of a file: its number, what it says or why that can't be read, the number of the first row
    of those it belongs to, if it belongs to any."""

    row_no: int
    read: Cells | RowRefused
    begins_at: int | None = None


def runs(keys: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Where each run of one key begins and ends (behind its last). Rows without a key belong to the run
    that goes on behind them, else to none."""
    start = last = None
    for place, key in enumerate(keys):
        if key is None:
            continue
        if start is not None and last is not None and keys[start] != key:
            yield start, last + 1
            start = place
        start, last = place if start is None else start, place
    if start is not None and last is not None:
        yield start, last + 1


def safe_end(keys: Sequence[str | None]) -> int:
    """How many of the rows can be taken in though more may follow: all before the last run, which may go
    on; 0 where there is nothing else."""
    *_, last = [None, *runs(keys)]
    return len(keys) if last is None or len(keys) - last[1] > _LONGEST_GAP else last[0]


async def take_rows(
    kind: ImportKind, asked: Asked, rows: Sequence[ReadRow]
) -> list[Taken | RowRefused]:
    """Takes the rows in; says of each what became of it. What belongs to a row that can't be read is
    refused with it."""
    spoiled: dict[int, ReadRow] = {}
    for row in rows:
        if isinstance(row.read, RowRefused) and row.begins_at is not None:
            spoiled.setdefault(row.begins_at, row)
    readable = [
        (row, row.read)
        for row in rows
        if not isinstance(row.read, RowRefused) and row.begins_at not in spoiled
    ]
    taken = await kind.take([cells for _, cells in readable], asked) if readable else []
    fates: dict[int, Fate] = {
        row.row_no: fate for (row, _), fate in zip(readable, taken, strict=True)
    }
    taken_in = [row for row, _ in readable]
    return [_fate(row, fates, taken_in, spoiled) for row in rows]


def _fate(
    row: ReadRow,
    fates: dict[int, Fate],
    readable: Sequence[ReadRow],
    spoiled: dict[int, ReadRow],
) -> Taken | RowRefused:
    if isinstance(row.read, RowRefused):
        return row.read
    fate = fates.get(row.row_no)
    if fate is None:
        assert row.begins_at is not None  # noqa: S101 (only what is together is left out)
        culprit = spoiled[row.begins_at]
        assert isinstance(culprit.read, RowRefused)  # noqa: S101
        return _with(culprit.row_no, culprit.read)
    if isinstance(fate, RefusedWith):
        culprit = readable[fate.place]
        why = fates[culprit.row_no]
        assert isinstance(why, RowRefused)  # noqa: S101 (what a kind refuses others with)
        return _with(culprit.row_no, why)
    return fate


def _with(row_no: int, why: RowRefused) -> RowRefused:
    return RowRefused("$", "REFUSED_WITH_ROW", f"{row_no} {why.field} {why.code}")
