"""A rule as a Python function over one row: what `in_sql` says in SQL, decided in memory.

A rule is compiled once to closures; each decides true, false or None, which is SQL's unknown. The row
is a mapping with what the declarations' `read` look at; a column that was not loaded is a KeyError
and never a false.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any as Value
from typing import cast
from weakref import WeakKeyDictionary

from shuke_core.rules.declare import Row, RuleField, RuleLink, rows_of
from shuke_core.rules.document import (
    All,
    Any,
    Compare,
    Node,
    Not,
    Operand,
    Quantified,
    Reached,
    Rule,
)
from shuke_core.rules.resolving import Bounds, bounds, ends_before, point, reckoned
from shuke_core.rules.times import At
from shuke_core.rules.vocabulary import Measure, Op, ValueType

Truth = bool | None
Rows = tuple[Row, ...]  # the rows of the scope, from the outside
Decide = Callable[[Rows, At], Truth]
Get = Callable[[Rows, At], Value]

_SIGNS: Mapping[Op, Callable[[Value, Value], bool]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.LT: lt,
    Op.LTE: le,
    Op.GT: gt,
    Op.GTE: ge,
}


_made: WeakKeyDictionary[Rule, Decide] = WeakKeyDictionary()


def decide(rule: Rule, row: Row, at: At) -> Truth:
    """Whether the rule is true of a row at a moment, false, or unknown (None)."""
    made = _made.get(rule)
    if made is None:
        made = _made[rule] = compiled(rule.root)
    return made((row,), at)


def holds(rule: Rule, row: Row, at: At) -> bool:
    """Whether the rule holds: what is unknown does not."""
    return decide(rule, row, at) is True


def compiled(node: Node) -> Decide:
    """The function of a condition."""
    match node:
        case All():
            return _all([compiled(each) for each in node.nodes])
        case Any():
            return _any([compiled(each) for each in node.nodes])
        case Not():
            return _not(compiled(node.node))
        case Compare():
            return compared(getter(node.of), node.of.field.type, node.op, node.operand)
        case Quantified():
            return compared(measured(node), node.type, node.op, node.operand)


def _all(parts: Sequence[Decide]) -> Decide:
    def every(rows: Rows, at: At) -> Truth:
        known: Truth = True
        for part in parts:
            found = part(rows, at)
            if found is False:
                return False
            if found is None:
                known = None
        return known

    return every


def _any(parts: Sequence[Decide]) -> Decide:
    def some(rows: Rows, at: At) -> Truth:
        known: Truth = False
        for part in parts:
            found = part(rows, at)
            if found is True:
                return True
            if found is None:
                known = None
        return known

    return some


def _not(part: Decide) -> Decide:
    def other(rows: Rows, at: At) -> Truth:
        found = part(rows, at)
        return None if found is None else not found

    return other


def getter(reached: Reached) -> Get:
    """What reads a field from the rows of the scope."""
    if reached.field.reckon is not None:
        return lambda rows, at: reckoned(reached, at)
    read, level, links = reached.field.read, reached.level, reached.links
    assert read is not None  # noqa: S101
    if not links:
        return lambda rows, at: read(rows[level])

    def get(rows: Rows, at: At) -> Value:
        row = linked(rows[level], links)
        return None if row is None else read(row)

    return get


def linked(row: Row, links: Sequence[RuleLink]) -> Row | None:
    """The row that links lead to."""
    found: Row | None = row
    for link in links:
        if found is None:
            return None
        found = found[link.key]
    return found


def facts_at(node: Quantified, rows: Rows) -> list[Row]:
    """The facts of a quantified condition, before its `where`."""
    start = linked(rows[node.level], node.links)
    found = [] if start is None else rows_of(start, node.facts.key)
    keeps = node.facts.keeps
    return [each for each in found if keeps is None or keeps(each)]


def measured(node: Quantified) -> Get:
    """What takes the measure of a quantified condition."""
    where = None if node.where is None else compiled(node.where)

    def chosen(rows: Rows, at: At) -> list[Row]:
        found = facts_at(node, rows)
        if where is None:
            return found
        return [each for each in found if where((*rows, each), at) is True]

    if node.measure is Measure.COUNT:
        return lambda rows, at: len(chosen(rows, at))
    read, measure = _reader(node.of), node.measure

    def get(rows: Rows, at: At) -> Value:
        values = [value for each in chosen(rows, at) if (value := read(each)) is not None]
        if measure is Measure.SUM:
            return sum(values)
        return (max if measure is Measure.MAX else min)(values, default=None)

    return get


def _reader(field: RuleField | None) -> Callable[[Row], Value]:
    assert field is not None  # noqa: S101
    assert field.read is not None  # noqa: S101
    return field.read


def compared(get: Get, kind: ValueType, op: Op, operand: Operand) -> Decide:
    """What compares a value; with what is missing it is unknown, but for the two that ask for that."""
    if op is Op.MISSING:
        return lambda rows, at: get(rows, at) is None
    if op is Op.PRESENT:
        return lambda rows, at: get(rows, at) is not None
    if op in (Op.IN, Op.NOT_IN):
        return _listed(get, operand, wanted=op is Op.IN)
    if op is Op.STARTS_WITH:
        return _prefixed(get, operand)
    if op is Op.BETWEEN:
        return _between(get, kind, operand)
    sign = _SIGNS[op]
    other = getter(operand) if isinstance(operand, Reached) else _resolved(operand, kind)

    def decide_one(rows: Rows, at: At) -> Truth:
        value = get(rows, at)
        if value is None:
            return None
        against = other(rows, at)
        return None if against is None else sign(value, against)

    return decide_one


def _resolved(operand: Operand, kind: ValueType) -> Get:
    """The value of an operand; a relative time is worked out once a moment."""
    if isinstance(operand, str | bool | int | Decimal):
        return lambda rows, at: operand

    key = object()

    def get(rows: Rows, at: At) -> Value:
        if key not in at.known:
            at.known[key] = point(operand, kind, at)
        return at.known[key]

    return get


def _listed(get: Get, operand: Operand, *, wanted: bool) -> Decide:
    assert isinstance(operand, tuple)  # noqa: S101
    values = frozenset(operand)

    def decide_one(rows: Rows, at: At) -> Truth:
        value = get(rows, at)
        if not values:  # nothing is in it, not even what is missing
            return not wanted
        return None if value is None else (value in values) is wanted

    return decide_one


def _prefixed(get: Get, operand: Operand) -> Decide:
    assert isinstance(operand, str)  # noqa: S101

    def decide_one(rows: Rows, at: At) -> Truth:
        value = get(rows, at)
        return None if value is None else value.startswith(operand)

    return decide_one


def _between(get: Get, kind: ValueType, operand: Operand) -> Decide:
    before, key = lt if ends_before(kind) else le, object()

    def decide_one(rows: Rows, at: At) -> Truth:
        value = get(rows, at)
        if value is None:
            return None
        if key not in at.known:
            at.known[key] = bounds(operand, kind, at)
        low, high = cast(Bounds, at.known[key])
        return (low is None or low <= value) and (high is None or before(value, high))

    return decide_one
