"""Reads rows for the evaluator in memory: just the columns, links and facts that rules look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any as Value
from uuid import UUID

from shuke_core.kit.transactions import fetch
from shuke_core.rules.declare import RuleFacts, RuleField, RuleLink
from shuke_core.rules.document import (
    All,
    Any,
    Compare,
    Node,
    Not,
    Quantified,
    Reached,
    Rule,
)
from shuke_core.rules.registry import Registry


@dataclass(slots=True)
class _Wanted:
    """What is wanted of the rows at one place, and below them."""

    columns: set[str] = field(default_factory=lambda: {"id"})
    links: dict[str, "_Wanted"] = field(default_factory=dict)
    facts: dict[str, "_Wanted"] = field(default_factory=dict)


async def rows_for(
    rules: Iterable[Rule], registry: Registry, ids: Sequence[UUID]
) -> dict[UUID, dict[str, Value]]:
    """The rows of these ids by id, with all that the rules read; one statement a table. Rules are of one
    subject. Rows that are not there, or not the caller's to see, are left out."""
    wanted, subject = _Wanted(), ""
    for rule in rules:
        subject = rule.subject
        _gather(rule.root, registry, (wanted,))
    if not subject:
        return {}
    rows = await _read(registry, subject, wanted, "id", ids)
    return {row["id"]: row for row in rows}


def _gather(node: Node, registry: Registry, scope: tuple[_Wanted, ...]) -> None:
    match node:
        case All() | Any():
            for each in node.nodes:
                _gather(each, registry, scope)
            return
        case Not():
            _gather(node.node, registry, scope)
            return
        case Compare():
            _reach(node.of, registry, scope)
        case Quantified():
            place = _facts(_linked(node.links, scope[node.level]), node.facts)
            if node.of is not None:
                _look(node.of, registry, place)
            if node.where is not None:
                _gather(node.where, registry, (*scope, place))
    if isinstance(node.operand, Reached):
        _reach(node.operand, registry, scope)


def _reach(reached: Reached, registry: Registry, scope: tuple[_Wanted, ...]) -> None:
    if reached.field.reckon is None:
        _look(reached.field, registry, _linked(reached.links, scope[reached.level]))


def _linked(links: Iterable[RuleLink], place: _Wanted) -> _Wanted:
    for link in links:
        place.columns.add(link.column)
        place = place.links.setdefault(link.key, _Wanted())
    return place


def _facts(place: _Wanted, facts: RuleFacts) -> _Wanted:
    below = place.facts.setdefault(facts.key, _Wanted())
    below.columns.update((facts.column, *facts.keeps_columns))
    return below


def _look(of: RuleField, registry: Registry, place: _Wanted) -> None:
    """What `read` of a field looks at."""
    place.columns.update(of.columns)
    for key in of.links:
        _linked((registry.links[key],), place).columns.update(of.beside)
    for key in of.facts:
        _facts(place, registry.facts[key]).columns.update(of.beside)


async def _read(
    registry: Registry, subject: str, wanted: _Wanted, column: str, values: Sequence[UUID]
) -> list[dict[str, Value]]:
    columns = ", ".join(f"this.{each}" for each in sorted({*wanted.columns, column}))
    rows = await fetch(
        f"SELECT {columns} FROM {registry.subjects[subject].table} this "
        f"WHERE this.tenant_id = $1 AND this.{column} = ANY ($2::uuid[]) ORDER BY this.id",
        list(values),
    )
    for key, below in wanted.links.items():
        link = registry.links[key]
        named = {row[link.column] for row in rows} - {None}
        found = await _read(registry, link.to, below, "id", list(named)) if named else []
        by_id = {each["id"]: each for each in found}
        for row in rows:
            row[key] = by_id.get(row[link.column])
    for key, below in wanted.facts.items():
        facts = registry.facts[key]
        ids = [row["id"] for row in rows]
        found = await _read(registry, facts.each, below, facts.column, ids) if ids else []
        grouped: dict[UUID, list[dict[str, Value]]] = {each: [] for each in ids}
        for each in found:
            grouped[each[facts.column]].append(each)
        for row in rows:
            row[key] = grouped[row["id"]]
    return rows
