"""The life of an order, pure: where it stands follows from all that was told of it, in any order.

What is told only adds up: money that was paid, money that was given back, the first time that it was
handed out, completed or cancelled. So facts may come late, twice, or the last of them first; in the
end the order stands where it would have stood had they come in turn. What can't all be true at once
is not decided here in favour of whoever came first: the stronger fact counts, and the rest is a
contradiction that staff see.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class OrderState(Enum):
    """Where an order stands."""

    CREATED = "created"
    PAID = "paid"
    FULFILLED = "fulfilled"
    COMPLETED = "completed"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class OrderStepKind(Enum):
    """What can be told of an order beside its refunds."""

    PAYMENT = "payment"
    FULFILMENT = "fulfilment"
    COMPLETION = "completion"
    CANCELLATION = "cancellation"


class OrderContradiction(Enum):
    """What was told of an order and can't all be true: for staff to look at, the gravest first."""

    REFUNDED_BEYOND_PAID = "refunded_beyond_paid"
    CANCELLED_BUT_PAID = "cancelled_but_paid"
    CANCELLED_BUT_HANDED_OUT = "cancelled_but_handed_out"
    PAID_TOO_MUCH = "paid_too_much"
    LINE_REFUNDED_BEYOND = "line_refunded_beyond"


@dataclass(frozen=True, slots=True)
class Told:
    """All that is known of one order; amounts in fen, times are the first that were told.

    `line_beyond_fen` is by how much the refunds of lines exceed those lines.
    """

    total_fen: int
    paid_fen: int = 0
    refunds_fen: int = 0
    line_beyond_fen: int = 0
    fulfilled_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands: 0 ≤ `refunded_fen` ≤ `paid_fen` ≤ its total.

    `completed_at` is there once it is a purchase that counts: completed, and paid in full.
    """

    state: OrderState
    paid_fen: int
    refunded_fen: int
    fulfilled_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    contradiction: OrderContradiction | None = None


_MAY_BE_SAID = {
    "fulfil": {OrderState.CREATED, OrderState.PAID},
    "complete": {
        OrderState.CREATED,
        OrderState.PAID,
        OrderState.FULFILLED,
        OrderState.PARTLY_REFUNDED,
    },
    "cancel": {OrderState.CREATED, OrderState.PAID},
}


def may_say(saying: str, state: str) -> bool:
    """Whether somebody who sees where the order stands may say that of it. What outside systems tell is
    taken as it comes, whatever the state."""
    return OrderState(state) in _MAY_BE_SAID[saying]


def standing(told: Told) -> Standing:
    """Where the order stands after all that was told. Whatever was handed out is not cancelled."""
    paid = min(told.paid_fen, told.total_fen)
    refunded = min(told.refunds_fen, paid)
    in_full = paid == told.total_fen
    handed_out = told.fulfilled_at or told.completed_at
    cancelled_at = None if handed_out else told.cancelled_at
    completed_at = told.completed_at if in_full else None
    return Standing(
        _state(cancelled_at, refunded, told.total_fen, completed_at, handed_out, in_full),
        paid,
        refunded,
        handed_out,
        completed_at,
        cancelled_at,
        _contradiction(told, paid, cancelled_at),
    )


def _state(
    cancelled_at: datetime | None,
    refunded_fen: int,
    total_fen: int,
    completed_at: datetime | None,
    handed_out: datetime | None,
    in_full: bool,
) -> OrderState:
    if cancelled_at:
        return OrderState.CANCELLED
    if refunded_fen:
        return OrderState.REFUNDED if refunded_fen == total_fen else OrderState.PARTLY_REFUNDED
    if completed_at:
        return OrderState.COMPLETED
    if handed_out:
        return OrderState.FULFILLED
    return OrderState.PAID if in_full else OrderState.CREATED


def _contradiction(
    told: Told, paid_fen: int, cancelled_at: datetime | None
) -> OrderContradiction | None:
    seen = {
        OrderContradiction.REFUNDED_BEYOND_PAID: told.refunds_fen > paid_fen,
        OrderContradiction.CANCELLED_BUT_PAID: bool(cancelled_at and paid_fen > told.refunds_fen),
        OrderContradiction.CANCELLED_BUT_HANDED_OUT: bool(told.cancelled_at and not cancelled_at),
        OrderContradiction.PAID_TOO_MUCH: told.paid_fen > told.total_fen,
        OrderContradiction.LINE_REFUNDED_BEYOND: told.line_beyond_fen > 0,
    }
    return next((each for each in OrderContradiction if seen[each]), None)
