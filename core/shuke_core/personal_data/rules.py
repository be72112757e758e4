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


class ErasureGround(Enum):
    """Why staff erase somebody. No words of their own: what they would write stays when everything
    else is gone, and names whom it is about."""

    ASKED_IN_PERSON = "asked_in_person"
    ASKED_IN_WRITING = "asked_in_writing"
    ASKED_BY_GUARDIAN = "asked_by_guardian"
    ASKED_BY_RELATIVES = "asked_by_relatives"  # of somebody who has died
    NO_LONGER_NEEDED = "no_longer_needed"
    REQUIRED_BY_LAW = "required_by_law"


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
