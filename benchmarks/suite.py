"""The suite's arithmetic: contestants take turns, rows of medians and ratios, the table, the file.

Absolute figures belong to the machine and the minute. Two contestants of the same round met the
same weather, so a ratio is taken round by round, and the median of the ratios is what counts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from statistics import median

import orjson

OURS, PEER, LIMIT = "ours", "peer", "limit"
QUICK_MARGIN = 0.5

Contestant = Callable[[], Awaitable[float]]
Round = Mapping[str, float]


class UnknownRow(Exception):
    """`--only` named a row that there is not; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result. Ratios are ours to theirs, above 1 is faster; None: not measured.

    `spread` is (largest - smallest) / median over the rounds: of the ratio to the limit, or of
    `ours` where there is none.
    """

    name: str
    ours: float
    peer: float | None
    limit: float | None
    unit: str
    ratio_peer: float | None
    ratio_limit: float | None
    goal: float | None
    met: bool | None
    rounds: int
    spread: float

    def falls_short(self, margin: float) -> bool:
        """Whether the ratio to the limit lies under the goal by more than the margin allows."""
        return (
            self.goal is not None
            and self.ratio_limit is not None
            and self.ratio_limit < self.goal * margin
        )


async def alternate(rounds: int, contestants: Mapping[str, Contestant]) -> list[Round]:
    """Lets the contestants run one after another, so many rounds (A B A B ...)."""
    return [{name: await run() for name, run in contestants.items()} for _ in range(rounds)]


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * part) - 1)]


def _ratios(rounds: Sequence[Round], other: str) -> list[float]:
    return [round_[OURS] / round_[other] for round_ in rounds if other in round_]


def _spread(values: Sequence[float]) -> float:
    return round((max(values) - min(values)) / median(values), 3)


def row_of(name: str, unit: str, rounds: Sequence[Round], goal: float | None = None) -> Row:
    """The row of a contest. `goal` is a ratio to the limit; without one the row only reports."""
    ours = [round_[OURS] for round_ in rounds]
    to_peer, to_limit = _ratios(rounds, PEER), _ratios(rounds, LIMIT)
    ratio_limit = round(median(to_limit), 3) if to_limit else None
    return Row(
        name=name,
        ours=round(median(ours), 3),
        peer=round(median(r[PEER] for r in rounds), 3) if to_peer else None,
        limit=round(median(r[LIMIT] for r in rounds), 3) if to_limit else None,
        unit=unit,
        ratio_peer=round(median(to_peer), 3) if to_peer else None,
        ratio_limit=ratio_limit,
        goal=goal,
        met=None if goal is None or ratio_limit is None else ratio_limit >= goal,
        rounds=len(rounds),
        spread=_spread(to_limit or ours),
    )


def chosen(only: Sequence[str], names: Sequence[str]) -> list[str]:
    """The rows to run, in the suite's order; all of them when none is named."""
    for name in only:
        if name not in names:
            raise UnknownRow(f"There is no row {name!r}. Rows are: {', '.join(names)}.")
    return [name for name in names if name in only or not only]


def _cell(value: float | bool | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each, under a line of names."""
    head = ["row", "ours", "peer", "limit", "unit", "/peer", "/limit", "goal", "met", "spread"]
    lines = [head] + [
        [
            row.name,
            *(_cell(value) for value in (row.ours, row.peer, row.limit)),
            row.unit,
            *(_cell(value) for value in (row.ratio_peer, row.ratio_limit, row.goal, row.met)),
            f"{row.spread:.0%}",
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write(rows: Sequence[Row], path: Path) -> None:
    """Writes the rows as a JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = [asdict(row) for row in rows]
    path.write_bytes(orjson.dumps(listed, option=orjson.OPT_INDENT_2) + b"\n")
