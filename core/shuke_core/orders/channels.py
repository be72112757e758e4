"""Who may place orders and say what of them, by the channel they were placed through: one table.

A channel is an order's source. Two are this house's own: the mini-program, where members order, and the
counter, where staff enter orders by hand. All others are outside systems, each with orders of its own.
Money is never said by a member or by staff: payments come from outside, or an order is free.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from shuke_core.orders.errors import OrderElsewhere

MINI_PROGRAM: Final = "mini-program"
COUNTER: Final = "counter"
OF_THE_HOUSE: Final = frozenset({MINI_PROGRAM, COUNTER})


class Teller(Enum):
    """Who says something of an order."""

    MEMBER = "member"
    STAFF = "staff"
    SOURCE = "source"


class Saying(Enum):
    """What can be said."""

    PLACE = "place"
    PAY = "pay"
    FULFIL = "fulfil"
    COMPLETE = "complete"
    CANCEL = "cancel"
    REFUND = "refund"


_STEPS = frozenset({Saying.FULFIL, Saying.COMPLETE, Saying.CANCEL, Saying.REFUND})
MAY: Final[Mapping[tuple[Teller, str], frozenset[Saying]]] = {
    (Teller.MEMBER, MINI_PROGRAM): frozenset({Saying.PLACE, Saying.CANCEL}),
    (Teller.STAFF, MINI_PROGRAM): _STEPS,
    (Teller.STAFF, COUNTER): _STEPS | {Saying.PLACE},
    (Teller.SOURCE, MINI_PROGRAM): _STEPS | {Saying.PAY},
    (Teller.SOURCE, COUNTER): _STEPS | {Saying.PAY},
}
_OF_ITS_OWN: Final = frozenset(Saying)  # an outside system, of the orders that it placed


def may(teller: Teller, channel: str, saying: Saying, *, source: str | None = None) -> bool:
    """Whether they may say that of an order of the channel; `source` is which outside system tells."""
    if teller is Teller.SOURCE and channel == source:
        return saying in _OF_ITS_OWN
    return saying in MAY.get((teller, channel), frozenset())


def check_may(teller: Teller, channel: str, saying: Saying) -> None:
    """Raises OrderElsewhere where they may not."""
    if not may(teller, channel, saying):
        raise OrderElsewhere(channel=channel)
