"""A rule as a sentence for the merchant, in Chinese and English: 近30天未消费 且 累计消费满500元.

A pure function of the rule and of how its reader writes amounts and stores: equal rules read alike, and
so they do next year. Relative times stay relative.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any as Value
from zoneinfo import ZoneInfo

from shuke_core.access.rights import Rights
from shuke_core.rules import phrases
from shuke_core.rules.declare import RuleField
from shuke_core.rules.document import (
    All,
    Any,
    Compare,
    Node,
    Not,
    Operand,
    Quantified,
    Range,
    Reached,
    Rule,
)
from shuke_core.rules.phrases import LANGUAGES
from shuke_core.rules.registry import lacking
from shuke_core.rules.times import Away, Last
from shuke_core.rules.vocabulary import Measure, Op, Period, ValueType

_FEN = 100
_MOST_SHOWN = 10  # of a list
MASK = "***"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a tenant's values are written: its zone, its currency, its stores by code; and for whom. What
    a reader with `rights` may not see is masked, also where a rule compares with it."""

    zone: ZoneInfo
    currency: str = "CNY"
    stores: Mapping[str, str] = field(default_factory=dict)
    rights: Rights | None = None


def render(rule: Rule, language: str, manner: Manner) -> str:
    """The sentence of a rule, in "zh" or "en"."""
    return sentence(rule.root, language, manner)


def sentence(node: Node, language: str, manner: Manner) -> str:
    """The sentence of one condition or group."""
    if language not in LANGUAGES:
        raise ValueError(f"{language!r} is none of {', '.join(LANGUAGES)}")
    return _Writer(language, manner).node(node, inner=False)


def value_text(value: Value, of: RuleField, language: str, manner: Manner) -> str:
    """A value that was looked at, as its reader writes it."""
    return _Writer(language, manner).scalar(value, of)


class _Writer:
    def __init__(self, language: str, manner: Manner) -> None:
        self._language, self._manner = language, manner
        self._zh = language == "zh"

    def node(self, node: Node, *, inner: bool) -> str:
        match node:
            case All() | Any():
                return self._group(node, inner=inner)
            case Not():
                said = self.node(node.node, inner=False)
                return f"非({said})" if self._zh else f"not ({said})"
            case Compare():
                label = node.of.field.label[self._language]
                return self._compared(label, node.of.field, node.op, node.operand)
            case Quantified():
                return self._quantified(node)

    def _group(self, node: All | Any, *, inner: bool) -> str:
        if not node.nodes:
            return phrases.EMPTY[type(node) is All][self._language]
        if len(node.nodes) == 1:
            return self.node(node.nodes[0], inner=inner)
        word = phrases.JOINED[type(node) is All][self._language]
        said = word.join(self.node(each, inner=True) for each in node.nodes)
        return f"({said})" if inner else said

    def _compared(self, label: str, of: RuleField, op: Op, operand: Operand) -> str:
        if of.type is ValueType.FLAG and op is Op.EQ and isinstance(operand, bool):
            return phrases.FLAGS[operand][self._language].format(label)
        if op is Op.BETWEEN:
            return self._between(label, of, operand)
        pattern = phrases.pattern(op, of.type, self._language)
        return pattern.format(label, self._operand(operand, of))

    def _between(self, label: str, of: RuleField, operand: Operand) -> str:
        if isinstance(operand, Period | Last):
            return phrases.WITHIN[self._language].format(label, self._stretch(operand))
        assert isinstance(operand, Range)  # noqa: S101
        low, high = operand.low, operand.high
        if low is None or high is None:
            # Of moments a range ends before its end; of everything else with it.
            upper = Op.LT if of.type is ValueType.TIME else Op.LTE
            one = (upper, high) if low is None else (Op.GTE, low)
            return self._compared(label, of, *one)
        half_open = of.type is ValueType.TIME
        pattern = phrases.RANGES[half_open][self._language]
        return pattern.format(label, self._operand(low, of), self._operand(high, of))

    # Facts

    def _quantified(self, node: Quantified) -> str:
        when, rest = _parted(node)
        prefix = ""
        if when is not None:
            pattern = phrases.LATELY[self._language]
            prefix = pattern.format(self._duration(when.number, when.unit.value))
        facts, more = node.facts, ""
        if rest:
            word = phrases.JOINED[True][self._language]
            said = word.join(self.node(each, inner=True) for each in rest)
            more = f"({said})" if self._zh else f" ({said})"
        if node.measure is Measure.COUNT:
            if (node.op, node.operand) in ((Op.EQ, 0), (Op.LT, 1), (Op.LTE, 0)) and facts.none:
                return self._lately(f"{facts.none[self._language]}{more}", prefix)
            return self._lately(self._counted(node, more), prefix)
        assert node.of is not None  # noqa: S101
        if node.measure is Measure.SUM and node.of.key in facts.sums:
            label = facts.sums[node.of.key][self._language]
        else:
            pattern = phrases.MEASURED[node.measure, node.of.type.is_temporal][self._language]
            label = pattern.format(facts.label[self._language], node.of.label[self._language])
        return self._lately(
            self._compared(f"{label}{more}", node.of, node.op, node.operand), prefix
        )

    def _lately(self, said: str, prefix: str) -> str:
        if not prefix:
            return said
        return f"{prefix}{said}" if self._zh else f"{said}{prefix}"

    def _counted(self, node: Quantified, more: str) -> str:
        counter = node.facts.counter if self._zh else ""
        label = node.facts.label[self._language]
        if node.op is Op.BETWEEN:
            assert isinstance(node.operand, Range)  # noqa: S101
            low, high = node.operand.low, node.operand.high
            if low is not None and high is not None:
                return phrases.COUNTED_BETWEEN[self._language].format(
                    low, high, counter, label, more
                )
            op, number = (Op.LTE, high) if low is None else (Op.GTE, low)
        else:
            op, number = node.op, node.operand  # type: ignore[assignment]
        shown = number.field.label[self._language] if isinstance(number, Reached) else str(number)
        return phrases.COUNTED[op][self._language].format(shown, counter, label, more)

    # Values

    def _operand(self, operand: Operand, of: RuleField) -> str:
        match operand:
            case None:
                return ""
            case Reached():
                return operand.field.label[self._language]
            case Away():
                way = "ago" if operand.number >= 0 else "ahead"
                number = self._duration(abs(operand.number), operand.unit.value)
                return phrases.AWAY[way][self._language].format(number)
            case tuple():
                return self._list(operand, of)
        return self.scalar(operand, of)

    def _list(self, values: tuple[Value, ...], of: RuleField) -> str:
        mark, more = ("、", "等{}项") if self._zh else (", ", " and {} in all")
        said = mark.join(self.scalar(each, of) for each in values[:_MOST_SHOWN])
        return said + (more.format(len(values)) if len(values) > _MOST_SHOWN else "")

    def _stretch(self, stretch: Period | Last) -> str:
        if isinstance(stretch, Period):
            return phrases.PERIODS[stretch][self._language]
        return phrases.LAST[self._language].format(
            self._duration(stretch.number, stretch.unit.value)
        )

    def _duration(self, number: int, unit: str) -> str:
        word = phrases.UNITS[unit][self._language]
        if self._zh:
            return f"{number}{word}"
        return f"{number} {word[:-1] if number == 1 else word}"

    def scalar(self, value: Value, of: RuleField) -> str:
        """One value, as it is written."""
        if self._manner.rights is not None and lacking(of, self._manner.rights):
            return MASK
        match of.type:
            case _ if value is None:
                return phrases.MISSING[self._language]
            case ValueType.CHOICE:
                named = of.choices.get(value)
                return named[self._language] if named else str(value)
            case ValueType.STORE:
                return self._manner.stores.get(value, value)
            case ValueType.FLAG:
                return phrases.YES_NO[bool(value)][self._language]
            case ValueType.MONEY:
                return self._money(int(value))
            case ValueType.TEXT:
                return f"“{value}”"
            case ValueType.DECIMAL:
                return f"{Decimal(value).normalize():f}"
        if isinstance(value, datetime):
            return value.astimezone(self._manner.zone).strftime("%Y-%m-%d %H:%M")
        return value.isoformat() if isinstance(value, date) else str(value)

    def _money(self, fen: int) -> str:
        sign, fen = ("-" if fen < 0 else ""), abs(fen)
        whole, rest = divmod(fen, _FEN)
        amount = f"{sign}{whole}.{rest:02}" if rest else f"{sign}{whole}"
        if self._manner.currency == "CNY":
            return f"{amount}元" if self._zh else f"¥{amount}"
        return f"{amount} {self._manner.currency}"


def _parted(node: Quantified) -> tuple[Last | None, list[Node]]:
    """When the facts are said to have happened lately, that, and what is said of them besides."""
    if node.where is None:
        return None, []
    parts: list[Node] = [*node.where.nodes] if isinstance(node.where, All) else [node.where]
    for place, part in enumerate(parts):
        if (
            isinstance(part, Compare)
            and part.op is Op.BETWEEN
            and isinstance(part.operand, Last)
            and part.of.field.key == node.facts.when
        ):
            return part.operand, parts[:place] + parts[place + 1 :]
    return None, parts
