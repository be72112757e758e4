"""What an operand is at a moment: the one place where borders become values, for both evaluators."""

from datetime import date, datetime
from typing import Any

from shuke_core.rules.document import Operand, Range, Reached
from shuke_core.rules.times import At, Away, Last, days_of, moments_of
from shuke_core.rules.vocabulary import Period, ValueType

Bounds = tuple[Any, Any]


def point(operand: Operand, kind: ValueType, at: At) -> Any:
    """A single value: what is compared with =, < and their like."""
    if isinstance(operand, Away):
        return operand.moment(at) if kind is ValueType.TIME else operand.day(at)
    if kind is ValueType.TIME and isinstance(operand, date) and not isinstance(operand, datetime):
        return at.start(operand)
    if isinstance(operand, Reached):
        raise TypeError("a field has no value of its own")
    return operand


def bounds(operand: Operand, kind: ValueType, at: At) -> Bounds:
    """From and to; None is open. Whether `to` belongs to it, `ends_before` says."""
    if isinstance(operand, Period | Last):
        return moments_of(operand, at) if kind is ValueType.TIME else days_of(operand, at)
    assert isinstance(operand, Range)  # noqa: S101
    low, high = operand.low, operand.high
    return (
        None if low is None else point(low, kind, at),
        None if high is None else point(high, kind, at),
    )


def ends_before(kind: ValueType) -> bool:
    """Whether a range of these ends before its `to`: one of moments does, so that days join up."""
    return kind is ValueType.TIME


def reckoned(reached: Reached, at: At) -> Any:
    """The value of a field of the moment, worked out once a moment."""
    if reached.field.key not in at.known:
        assert reached.field.reckon is not None  # noqa: S101
        at.known[reached.field.key] = reached.field.reckon(at)
    return at.known[reached.field.key]
