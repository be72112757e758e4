"""A rule as one condition of SQL, in which every value of the document is a parameter.

The text is made of the declarations' own snippets and of fixed words; it says `this.` for the row that
the rule is about, `:tenant` for the tenant and `:rule_0`, `:rule_1` … for the values, as snippets of
projections do. Three-valued as SQL is: a comparison with what is missing is neither true nor false,
and only what is true holds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any as Value

from shuke_core.rules.declare import RuleLink
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
from shuke_core.rules.registry import Registry
from shuke_core.rules.resolving import bounds, ends_before, point, reckoned
from shuke_core.rules.times import At
from shuke_core.rules.vocabulary import OF_LISTS, Measure, Op, ValueType

_THIS = re.compile(r"\bthis\.")
_NAMED = re.compile(r"(?<!:):(tenant|rule_\d+|named_\d+)\b")
_SIGNS = {
    Op.EQ: "=",
    Op.NE: "<>",
    Op.LT: "<",
    Op.LTE: "<=",
    Op.GT: ">",
    Op.GTE: ">=",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition over `this`, and the values of its parameters by their names; none of them is None."""

    text: str
    values: Mapping[str, Value]

    @property
    def parts(self) -> tuple[str, Mapping[str, Value]]:
        """For a read of a projection: the snippet, and what its arguments are given."""
        return self.text, self.values

    def numbered(self, this: str, before: int = 1) -> tuple[str, list[Value]]:
        """For `fetch`: over the alias `this`, `$1` is the tenant, its values follow after `before`."""
        names = list(self.values)

        def number(mark: re.Match[str]) -> str:
            return "$1" if mark[1] == "tenant" else f"${names.index(mark[1]) + before + 1}"

        text = _NAMED.sub(number, _THIS.sub(f"{this}.", self.text))
        return text, list(self.values.values())


def condition_of(rule: Rule, registry: Registry, at: At, prefix: str = "rule") -> Condition:
    """The condition that finds the rows for which a rule holds at a moment. Two that stand in one
    statement have parameters of different prefixes: "rule" and "named"."""
    writer = _Writer(registry, at, prefix)
    return Condition(writer.node(rule.root, ("this",)), writer.values)


class _Writer:
    def __init__(self, registry: Registry, at: At, prefix: str) -> None:
        self._registry, self._at, self._prefix = registry, at, prefix
        self._aliases = 0
        self.values: dict[str, Value] = {}

    def node(self, node: Node, rows: tuple[str, ...]) -> str:
        """A condition in brackets; `rows` are the aliases from the outside."""
        match node:
            case All():
                return self._joined(node.nodes, " and ", "true", rows)
            case Any():
                return self._joined(node.nodes, " or ", "false", rows)
            case Not():
                return f"(not {self.node(node.node, rows)})"
            case Compare() if self._is_listed(node):
                return self._listed(node, rows)
            case Compare():
                made = self._field(node.of, rows)
                return f"({self._compared(made, node.of.field.type, node.op, node.operand, rows)})"
            case Quantified():
                return f"({self._quantified(node, rows)})"

    def _joined(self, nodes: Sequence[Node], word: str, of_none: str, rows: tuple[str, ...]) -> str:
        return f"({word.join(self.node(each, rows) for each in nodes) or of_none})"

    @staticmethod
    def _is_listed(node: Compare) -> bool:
        """Whether the field has a quicker way to say that it is one of some."""
        if not node.of.field.among or isinstance(node.operand, Reached):
            return False
        return node.op in (Op.EQ, Op.NE) or (node.op in OF_LISTS and node.operand != ())

    def _listed(self, node: Compare, rows: tuple[str, ...]) -> str:
        kind = node.of.field.type
        listed = node.operand if isinstance(node.operand, tuple) else (node.operand,)
        values = self._parameter([point(each, kind, self._at) for each in listed], f"{kind.sql}[]")
        made = self._over_row(node.of, rows, node.of.field.among.format(values))
        return f"(not {made})" if node.op in (Op.NE, Op.NOT_IN) else made

    def _compared(
        self, made: str, kind: ValueType, op: Op, operand: Operand, rows: tuple[str, ...]
    ) -> str:
        match op:
            case Op.MISSING:
                return f"{made} is null"
            case Op.PRESENT:
                return f"{made} is not null"
            case Op.IN | Op.NOT_IN:
                assert isinstance(operand, tuple)  # noqa: S101
                listed = self._parameter(
                    [point(each, kind, self._at) for each in operand], f"{kind.sql}[]"
                )
                return f"{made} {'= any' if op is Op.IN else '<> all'} ({listed})"
            case Op.STARTS_WITH:
                return f"starts_with({made}, {self._point(operand, kind)})"
            case Op.BETWEEN:
                low, high = bounds(operand, kind, self._at)
                last = "<" if ends_before(kind) else "<="
                parts = [
                    f"{made} {sign} {self._parameter(bound, kind.sql)}"
                    for sign, bound in ((">=", low), (last, high))
                    if bound is not None
                ]
                return " and ".join(parts)
        if isinstance(operand, Reached):
            return f"{made} {_SIGNS[op]} {self._field(operand, rows)}"
        return f"{made} {_SIGNS[op]} {self._point(operand, kind)}"

    def _point(self, operand: Operand, kind: ValueType) -> str:
        return self._parameter(point(operand, kind, self._at), kind.sql)

    def _parameter(self, value: Value, kind: str) -> str:
        name = f"{self._prefix}_{len(self.values)}"
        self.values[name] = value
        return f":{name}::{kind}"

    def _alias(self) -> str:
        self._aliases += 1
        return f"r{self._aliases}"

    # Fields and facts

    def _field(self, reached: Reached, rows: tuple[str, ...]) -> str:
        field = reached.field
        if field.reckon is not None:
            value = reckoned(reached, self._at)
            return (
                f"null::{field.type.sql}"
                if value is None
                else self._parameter(value, field.type.sql)
            )
        return self._over_row(reached, rows, field.sql)

    def _over_row(self, reached: Reached, rows: tuple[str, ...], snippet: str) -> str:
        """A snippet over the row that a field is reached in."""
        if not reached.links:
            return _over(snippet, rows[reached.level])
        source, where, last = self._way(reached.links, rows[reached.level])
        return f"(select {_over(snippet, last)} from {source} where {where})"

    def _way(self, links: Sequence[RuleLink], start: str) -> tuple[str, str, str]:
        """FROM and WHERE of the rows that links lead to, and the alias of the last one."""
        first, alias = links[0], self._alias()
        source = f"{self._table(first.to)} {alias}"
        where = f"{alias}.tenant_id = :tenant and {alias}.id = {start}.{first.column}"
        for link in links[1:]:
            here, alias = alias, self._alias()
            source += (
                f" join {self._table(link.to)} {alias} on {alias}.tenant_id = :tenant "
                f"and {alias}.id = {here}.{link.column}"
            )
        return source, where, alias

    def _quantified(self, node: Quantified, rows: tuple[str, ...]) -> str:
        start = rows[node.level]
        this = self._alias()
        source, conditions = f"{self._table(node.facts.each)} {this}", []
        if node.links:
            way, where, start = self._way(node.links, start)
            source, conditions = f"{way}, {source}", [where]
        conditions += [f"{this}.tenant_id = :tenant", f"{this}.{node.facts.column} = {start}.id"]
        if node.facts.where:
            conditions.append(f"({_THIS.sub(f'{this}.', node.facts.where)})")
        if node.where is not None:
            conditions.append(self.node(node.where, (*rows, this)))
        found = f"from {source} where {' and '.join(conditions)}"
        if node.measure is Measure.COUNT:
            # Whether there is any at all can stop at the first, and be joined.
            if (node.op, node.operand) in ((Op.GTE, 1), (Op.GT, 0)):
                return f"exists (select {found})"
            if (node.op, node.operand) in ((Op.EQ, 0), (Op.LT, 1), (Op.LTE, 0)):
                return f"not exists (select {found})"
            measured = "count(*)"
        else:
            assert node.of is not None  # noqa: S101
            measured = f"{node.measure.value}({_over(node.of.sql, this)})"
            if node.measure is Measure.SUM:
                measured = f"coalesce({measured}, 0)"
        made = f"(select {measured} {found})"
        return self._compared(made, node.type, node.op, node.operand, rows)

    def _table(self, subject: str) -> str:
        return self._registry.subjects[subject].table


def _over(snippet: str, this: str) -> str:
    return _THIS.sub(f"{this}.", snippet) if this != "this" else snippet
