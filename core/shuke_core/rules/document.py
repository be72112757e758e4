"""A rule as a tree: what a document becomes once every word of it is known to the registry.

A condition knows how its field is reached: `level` counts the rows from the outside (0 is what the
rule is about, each quantified condition adds one), `links` lead on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from shuke_core.rules.declare import RuleFacts, RuleField, RuleLink
from shuke_core.rules.times import Away, Last
from shuke_core.rules.vocabulary import Measure, Op, Period, ValueType

Scalar: TypeAlias = str | int | bool | Decimal | date | datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """A field, and the way to it. Of the moment, whose fields need no way, `level` is -1."""

    field: RuleField
    level: int
    links: tuple[RuleLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """From and to, either of which may be open (None)."""

    low: "Scalar | Away | None"
    high: "Scalar | Away | None"


Operand: TypeAlias = Scalar | Away | Last | Period | Range | tuple[Scalar, ...] | Reached | None


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them. Of none it is true."""

    nodes: "tuple[Node, ...]"
    path: str


@dataclass(frozen=True, slots=True)
class Any:
    """One of them at least. Of none it is false."""

    nodes: "tuple[Node, ...]"
    path: str


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"
    path: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A field is compared with something."""

    of: Reached
    op: Op
    operand: Operand
    path: str


@dataclass(frozen=True, slots=True)
class Quantified:
    """A measure of some facts is compared with something; only facts for which `where` is true count."""

    facts: RuleFacts
    level: int
    links: tuple[RuleLink, ...]
    measure: Measure
    of: RuleField | None
    op: Op
    operand: Operand
    where: "Node | None"
    path: str

    @property
    def type(self) -> ValueType:
        """What the measure is."""
        return self.of.type if self.of is not None else ValueType.NUMBER


Node: TypeAlias = All | Any | Not | Compare | Quantified


@dataclass(frozen=True, eq=False)
class Rule:
    """A checked document about a subject. It holds words of the registry that it was checked by."""

    subject: str
    root: Node

    def nodes(self) -> Iterator[Node]:
        """Every condition and group of it, outer ones first."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            match node:
                case All() | Any():
                    waiting.extend(reversed(node.nodes))
                case Not():
                    waiting.append(node.node)
                case Quantified(where=inner) if inner is not None:
                    waiting.append(inner)

    def fields(self) -> Iterator[RuleField]:
        """Every field that it asks for."""
        for node in self.nodes():
            if isinstance(node, Compare):
                yield node.of.field
            if isinstance(node, Quantified) and node.of is not None:
                yield node.of
            if isinstance(node, Compare | Quantified) and isinstance(node.operand, Reached):
                yield node.operand.field

    def facts(self) -> Iterator[RuleFacts]:
        """Every kind of facts that it asks for."""
        return (node.facts for node in self.nodes() if isinstance(node, Quantified))
