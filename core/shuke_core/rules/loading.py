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
from shuke_core.rules.errors import RuleFactsTooMany
from shuke_core.rules.registry import Registry

MOST_FACTS = 10_000  # of all that one call loads


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
    subject. Rows that are not there, or not the caller's to see, are left out.

    Raises RuleFactsTooMany where more than 10,000 facts hang on them: who asks about many rows, or about
    large ones, asks in SQL.
    """
    wanted, subject = _Wanted(), ""
    for rule in rules:
        subject = rule.subject
        _gather(rule.root, registry, (wanted,))
    if not subject:
        return {}
    rows = await _Reader(registry).rows(subject, wanted, "id", ids)
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


class _Reader:
    """Reads the rows of one call, and counts the facts among them."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._room = registry, MOST_FACTS

    async def rows(
        self, subject: str, wanted: _Wanted, column: str, values: Sequence[UUID], limit: str = ""
    ) -> list[dict[str, Value]]:
        """Rows by a column, with what is wanted of them."""
        columns = ", ".join(f"this.{each}" for each in sorted({*wanted.columns, column}))
        rows = await fetch(
            f"SELECT {columns} FROM {self._registry.subjects[subject].table} this "
            f"WHERE this.tenant_id = $1 AND this.{column} = ANY ($2::uuid[]) "
            f"ORDER BY this.id {limit}",
            list(values),
        )
        if limit:
            self._room -= len(rows)
            if self._room < 0:
                raise RuleFactsTooMany(most=MOST_FACTS)
        for key, below in wanted.links.items():
            link = self._registry.links[key]
            named = {row[link.column] for row in rows} - {None}
            found = await self.rows(link.to, below, "id", list(named)) if named else []
            by_id = {each["id"]: each for each in found}
            for row in rows:
                row[key] = by_id.get(row[link.column])
        for key, below in wanted.facts.items():
            await self._facts(rows, key, below)
        return rows

    async def _facts(self, rows: list[dict[str, Value]], key: str, wanted: _Wanted) -> None:
        """Hangs the facts of that kind on the rows; one more than there is room for is read at most."""
        facts = self._registry.facts[key]
        grouped: dict[UUID, list[dict[str, Value]]] = {row["id"]: [] for row in rows}
        if grouped:
            limit = f"LIMIT {self._room + 1}"
            for each in await self.rows(facts.each, wanted, facts.column, list(grouped), limit):
                grouped[each[facts.column]].append(each)
        for row in rows:
            row[key] = grouped[row["id"]]
