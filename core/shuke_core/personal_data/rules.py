"""Pure rules of people's rights: when a request is due, and what confirms an erasure."""

from datetime import date, timedelta
from enum import Enum

DUE_WORKING_DAYS = 15  # GB/T 35273 8.7, and what app stores and regulators hold merchants to
GRACE = timedelta(days=7)
CONFIRMATIONS = frozenset({"注销", "ERASE"})
LONGEST_NOTE = 1_000
_SATURDAY = 5


class PersonalDataRight(Enum):
    """What somebody asks for by right."""

    ACCESS = "access"
    CORRECTION = "correction"
    ERASURE = "erasure"


class RightsRequestState(Enum):
    """What has become of it."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


def due_on(asked: date) -> date:
    """The last day on which a request of that day is in time: the fifteenth working day after it.

    Mondays to Fridays count. Public holidays are not known here, so the day may come early, never late.
    """
    day, left = asked, DUE_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day


def is_confirmed(text: str) -> bool:
    """Whether that text, typed by the member, means to be erased."""
    return text.strip().upper() in CONFIRMATIONS
