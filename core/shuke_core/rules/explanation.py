"""Why a rule holds for a row, or does not: condition by condition, with the values looked at.

Nothing is cut short: every condition is decided, also where the first would do. Values that the reader
may not see are masked; whether a condition holds is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any as Value

from shuke_core.access.rights import Rights
from shuke_core.rules.declare import Row, RuleFacts, RuleField
from shuke_core.rules.document import All, Any, Compare, Node, Not, Quantified, Reached, Rule
from shuke_core.rules.in_memory import Rows, Truth, compared, getter, measured
from shuke_core.rules.registry import lacking
from shuke_core.rules.rendering import MASK, Manner, sentence, value_text
from shuke_core.rules.times import At
from shuke_core.rules.vocabulary import Label, Measure, ValueType

_COUNT = RuleField("count", "", ValueType.NUMBER, {"zh": "数量", "en": "count"})


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A value that a condition looked at: whose, and as its reader may see it, in each language."""

    key: str
    label: Label
    shown: Label
    masked: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """One condition or group: `holds` is true, false, or None where something it needs is missing."""

    path: str
    sentence: Label
    holds: Truth
    looked_at: tuple[LookedAt, ...] = ()
    parts: "tuple[Explained, ...]" = ()


def explain(rule: Rule, row: Row, at: At, rights: Rights, manner: Manner) -> Explained:
    """Why the rule holds for a row or does not, for a reader with these rights."""
    return _Explainer(at, rights, manner).node(rule.root, (row,))


class _Explainer:
    def __init__(self, at: At, rights: Rights, manner: Manner) -> None:
        self._at, self._rights, self._manner = at, rights, replace(manner, rights=rights)

    def node(self, node: Node, rows: Rows) -> Explained:
        match node:
            case All() | Any():
                parts = tuple(self.node(each, rows) for each in node.nodes)
                ends = type(node) is Any  # one such part decides the group
                found = [part.holds for part in parts]
                holds: Truth = ends if ends in found else (None if None in found else not ends)
            case Not():
                parts = (self.node(node.node, rows),)
                holds = None if parts[0].holds is None else not parts[0].holds
            case Compare() | Quantified():
                get = getter(node.of) if isinstance(node, Compare) else measured(node)
                value = get(rows, self._at)  # once: a measure may be taken of thousands
                kind = node.of.field.type if isinstance(node, Compare) else node.type
                decide = compared(lambda _rows, _at: value, kind, node.op, node.operand)
                return Explained(
                    node.path,
                    self._said(node),
                    decide(rows, self._at),
                    tuple(self._looked_at(node, rows, value)),
                )
        return Explained(node.path, self._said(node), holds, (), parts)

    def _said(self, node: Node) -> Label:
        return {language: sentence(node, language, self._manner) for language in ("zh", "en")}

    def _looked_at(
        self, node: Compare | Quantified, rows: Rows, value: Value
    ) -> Iterator[LookedAt]:
        if isinstance(node, Compare):
            yield self._value(node.of.field, value)
        else:
            yield self._measure(node, value)
        if isinstance(node.operand, Reached):
            yield self._value(node.operand.field, getter(node.operand)(rows, self._at))

    def _value(self, of: RuleField, value: Value) -> LookedAt:
        return self._shown(of.key, of.label, of, value, hidden=bool(lacking(of, self._rights)))

    def _measure(self, node: Quantified, value: Value) -> LookedAt:
        of = node.of or _COUNT
        words: list[RuleField | RuleFacts] = [node.facts]
        if node.measure is not Measure.COUNT:
            words.append(of)
        if node.where is not None:  # what is counted tells of what it was chosen by
            inner = Rule("", node.where)
            words += [*inner.fields(), *inner.facts()]
        hidden = any(lacking(word, self._rights) for word in words)
        return self._shown(node.facts.key, node.facts.label, of, value, hidden=hidden)

    def _shown(
        self, key: str, label: Label, of: RuleField, value: Value, *, hidden: bool
    ) -> LookedAt:
        if hidden:
            return LookedAt(key, label, {"zh": MASK, "en": MASK}, masked=True)
        return LookedAt(
            key,
            label,
            {each: value_text(value, of, each, self._manner) for each in ("zh", "en")},
            masked=False,
        )
