"""Makes a rule of a document, or says exactly why not: where, what was found, what is expected.

    {"all": [C, ...]}   {"any": [C, ...]}   {"not": C}
    {"field": F, "op": O, "value": V}
    {"facts": K, "measure": "count" | "sum" | "max" | "min", "of": F, "op": O, "value": V, "where": C}

V is a value, a list of them, {"from": V, "to": V}, {"field": F}, {"ago": N, "unit": U},
{"ahead": N, "unit": U}, {"last": N, "unit": U} or {"period": P} (`values`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any as Json

import orjson

from shuke_core.access.rights import Rights
from shuke_core.rules.declare import RuleFacts, RuleField, RuleLink
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
from shuke_core.rules.errors import RuleInactive, RuleInvalid
from shuke_core.rules.registry import MOMENT, Registry, installed_owner, lacking
from shuke_core.rules.values import Unfit, operand_of, shown
from shuke_core.rules.vocabulary import (
    COUNT_OPERATORS,
    MEASURES,
    MOST_BYTES,
    MOST_DEPTH,
    MOST_NODES,
    OPERATORS,
    WITHOUT_VALUE,
    Measure,
    Op,
    ValueType,
)

MOST_TOLD = 10
_DEEPEST_TOLD = 100
_GROUPS = ("all", "any", "not", "field", "facts")
_COUNT = RuleField("count", "", ValueType.NUMBER, {"zh": "数量", "en": "count"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `path` leads there from the document: `all[1].value.from`."""

    code: str
    path: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        meant = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.path or 'the document'}: found {self.found}, expected {self.expected}{meant}"


def check(document: Json, subject: str, registry: Registry, rights: Rights | None) -> Rule:
    """The rule that a document says, for an author with these rights; None for one that was taken.

    Raises RuleInvalid with up to ten problems.
    """
    rule, problems = _checked(document, subject, registry, rights)
    if rule is None:
        raise RuleInvalid(problems=problems, told="; ".join(map(str, problems)))
    return rule


def revive(document: Json, subject: str, registry: Registry) -> Rule:
    """The rule of a document that was taken before.

    Raises RuleInactive where words of it are gone: it is not decided then, neither way.
    """
    rule, problems = _checked(document, subject, registry, None)
    if rule is None:
        raise RuleInactive(problems=problems, told="; ".join(map(str, problems)))
    return rule


def _checked(
    document: Json, subject: str, registry: Registry, rights: Rights | None
) -> tuple[Rule | None, tuple[Problem, ...]]:
    checker = _Checker(registry, rights)
    if (size := _size(document)) > MOST_BYTES:
        checker.problem("RULE_TOO_LARGE", "", f"{size} bytes", f"at most {MOST_BYTES}")
        return None, tuple(checker.problems)
    if not registry.subjects.get(subject) or not registry.subjects[subject].table:
        known = ", ".join(key for key, each in registry.subjects.items() if each.table)
        checker.problem("RULE_SUBJECT_UNKNOWN", "", shown(subject), f"one of {known}")
        return None, tuple(checker.problems)
    root = checker.node(document, "", (subject,), 1)
    problems = tuple(checker.problems[:MOST_TOLD])
    return (None, problems) if problems or root is None else (Rule(subject, root), ())


def _size(document: Json) -> int:
    try:
        return len(orjson.dumps(document))
    except (TypeError, ValueError, RecursionError):  # a number beyond 64 bits, half a character
        return _rough_size(document)


def _rough_size(document: Json) -> int:
    """About as many bytes as the document has, or one too many as soon as it is too large or too deep:
    what no encoder takes is still told part by part."""
    total, waiting = 0, [(document, 0)]
    while waiting and total <= MOST_BYTES:
        told, depth = waiting.pop()
        total += 1
        match told:
            case _ if depth > _DEEPEST_TOLD:
                return MOST_BYTES + 1
            case str():
                total += len(told) + 2
            case int():
                total += told.bit_length() // 3  # a digit is a little more than three bits
            case dict() | list() if len(told) > MOST_BYTES:
                return MOST_BYTES + 1
            case dict():
                total += sum(len(str(key)) + 3 for key in told)
                waiting += [(each, depth + 1) for each in told.values()]
            case list():
                waiting += [(each, depth + 1) for each in told]
    return total


class _Checker:
    """Walks a document once; what is wrong is noted, and the walk goes on beside it."""

    def __init__(self, registry: Registry, rights: Rights | None) -> None:
        self._registry, self._rights = registry, rights
        self._nodes = 0
        self.problems: list[Problem] = []

    def problem(
        self, code: str, path: str, found: str, expected: str, nearest: str | None = None
    ) -> None:
        self.problems.append(Problem(code, path, found, expected, nearest))

    def node(self, told: Json, path: str, scope: tuple[str, ...], depth: int) -> Node | None:
        """One condition or group; `scope` are the subjects of the rows from the outside."""
        self._nodes += 1
        if self._nodes == MOST_NODES + 1:
            self.problem(
                "RULE_TOO_LARGE", path, "more conditions", f"at most {MOST_NODES} in a document"
            )
        if self._nodes > MOST_NODES:
            return None
        if depth > MOST_DEPTH:
            self.problem("RULE_TOO_DEEP", path, f"depth {depth}", f"at most {MOST_DEPTH}")
            return None
        kinds = [key for key in _GROUPS if key in told] if isinstance(told, dict) else []
        if len(kinds) != 1:
            self.problem(
                "RULE_SHAPE", path, shown(told), "an object with one of all, any, not, field, facts"
            )
            return None
        kind = kinds[0]
        if kind == "field":
            return self._compare(told, path, scope)
        if kind == "facts":
            return self._quantified(told, path, scope, depth)
        self._only(told, path, (kind,))
        if kind == "not":
            inner = self.node(told["not"], _at(path, "not"), scope, depth + 1)
            return None if inner is None else Not(inner, path)
        if not isinstance(told[kind], list):
            self.problem("RULE_SHAPE", _at(path, kind), shown(told[kind]), "a list of conditions")
            return None
        nodes = [
            self.node(each, f"{_at(path, kind)}[{place}]", scope, depth + 1)
            for place, each in enumerate(told[kind])
        ]
        good = tuple(each for each in nodes if each is not None)
        return All(good, path) if kind == "all" else Any(good, path)

    def _only(self, told: Mapping[str, Json], path: str, known: Sequence[str]) -> None:
        for key in told:
            if key not in known:
                near = get_close_matches(str(key)[:80], known, n=1)
                self.problem(
                    "RULE_SHAPE",
                    path,
                    f"the key {shown(key)}",
                    f"nothing but {', '.join(known)}",
                    near[0] if near else None,
                )

    # A field and a value

    def _compare(self, told: Mapping[str, Json], path: str, scope: tuple[str, ...]) -> Node | None:
        self._only(told, path, ("field", "op", "value"))
        reached = self.field(told["field"], _at(path, "field"), scope)
        if reached is None:
            return None
        op = self._op(told.get("op"), _at(path, "op"), reached.field.key, reached.field.allowed)
        if op is None:
            return None
        operand = self._operand(told, path, scope, reached.field, op)
        return None if isinstance(operand, _Refused) else Compare(reached, op, operand, path)

    def field(self, key: Json, path: str, scope: tuple[str, ...]) -> Reached | None:
        """A field by its key, and the way to it from here."""
        found = self._registry.fields.get(key) if isinstance(key, str) else None
        if found is None:
            self._unknown("a field", key, path)
            return None
        if not self._may_use(found, path):
            return None
        if found.reckon is not None:
            return Reached(found, -1)
        way = self._way(found.subject, scope)
        if way is None:
            self.problem(
                "RULE_FIELD_MISPLACED",
                path,
                f"{key!r}, which is of {found.subject}",
                f"a field of {', '.join(self._reachable(scope))}",
            )
            return None
        return Reached(found, *way)

    def _unknown(self, what: str, key: Json, path: str) -> None:
        owner = installed_owner(key) if isinstance(key, str) else None
        if owner is not None and key not in self._registry.owners:
            self.problem(
                "RULE_FIELD_GONE",
                path,
                f"{key!r} of the plugin {owner!r}, which is off",
                f"{what} of the core or of a plugin that is on",
            )
            return
        near = self._registry.nearest(key) if isinstance(key, str) else None
        self.problem("RULE_FIELD_UNKNOWN", path, shown(key), f"{what} that there is", near)

    def _may_use(self, word: RuleField | RuleFacts, path: str) -> bool:
        missing = lacking(word, self._rights) if self._rights is not None else []
        if missing:
            self.problem(
                "RULE_FIELD_FORBIDDEN",
                path,
                f"{word.key!r}, which needs {' and '.join(missing)}",
                "a field that you may see",
            )
        return not missing

    def _way(self, subject: str, scope: tuple[str, ...]) -> tuple[int, tuple[RuleLink, ...]] | None:
        """The innermost row of that subject; else the nearest that links lead to from a row."""
        levels = range(len(scope) - 1, -1, -1)
        for level in levels:
            if scope[level] == subject:
                return level, ()
        for level in levels:
            ways: list[tuple[RuleLink, ...]] = [()]
            seen = {scope[level]}
            while ways:
                way = ways.pop(0)
                end = way[-1].to if way else scope[level]
                for link in self._registry.links_of.get(end, ()):
                    if link.to == subject:
                        return level, (*way, link)
                    if link.to not in seen:
                        seen.add(link.to)
                        ways.append((*way, link))
        return None

    def _reachable(self, scope: tuple[str, ...]) -> list[str]:
        with_fields = {each.subject for each in self._registry.fields.values()}
        return [
            key for key in sorted(with_fields) if key == MOMENT or self._way(key, scope) is not None
        ]

    def _op(self, told: Json, path: str, key: str, allowed: Sequence[Op]) -> Op | None:
        known = {op.value: op for op in allowed}
        if isinstance(told, str) and told in known:
            return known[told]
        near = get_close_matches(told[:80], known, n=1) if isinstance(told, str) else []
        self.problem(
            "RULE_OPERATOR_UNKNOWN",
            path,
            shown(told),
            f"for {key} one of {', '.join(known)}",
            near[0] if near else None,
        )
        return None

    def _operand(
        self,
        told: Mapping[str, Json],
        path: str,
        scope: tuple[str, ...],
        of: RuleField,
        op: Op,
    ) -> "Operand | _Refused":
        if op in WITHOUT_VALUE:
            if told.get("value") is not None:
                self.problem(
                    "RULE_VALUE_INVALID",
                    _at(path, "value"),
                    shown(told["value"]),
                    f"no value with {op.value}",
                )
                return _Refused()
            return None
        value, at = told.get("value"), _at(path, "value")
        if isinstance(value, dict) and "field" in value:
            return self._other_field(value, at, scope, of, op)
        try:
            return operand_of(value, of, op)
        except Unfit as unfit:
            self.problem(
                "RULE_VALUE_INVALID",
                f"{at}{unfit.path}",
                unfit.found,
                unfit.expected,
                unfit.nearest,
            )
            return _Refused()

    def _other_field(
        self, told: Mapping[str, Json], path: str, scope: tuple[str, ...], of: RuleField, op: Op
    ) -> "Operand | _Refused":
        self._only(told, path, ("field",))
        if op not in (Op.EQ, Op.NE, Op.LT, Op.LTE, Op.GT, Op.GTE):
            self.problem("RULE_VALUE_INVALID", path, "a field", f"a value, as {op.value} asks for")
            return _Refused()
        other = self.field(told["field"], _at(path, "field"), scope)
        if other is None:
            return _Refused()
        same = other.field.type is of.type and dict(other.field.choices) == dict(of.choices)
        if not same:
            self.problem(
                "RULE_VALUE_INVALID",
                _at(path, "field"),
                f"{other.field.key!r}, a {other.field.type.value}",
                f"a {of.type.value} like {of.key}",
            )
            return _Refused()
        return other

    # Facts

    def _quantified(
        self, told: Mapping[str, Json], path: str, scope: tuple[str, ...], depth: int
    ) -> Node | None:
        self._only(told, path, ("facts", "measure", "of", "op", "value", "where"))
        key = told["facts"]
        facts = self._registry.facts.get(key) if isinstance(key, str) else None
        if facts is None or not facts.offered:
            self._unknown("facts", key, _at(path, "facts"))
            return None
        way = self._way(facts.subject, scope)
        if way is None:
            self.problem(
                "RULE_FIELD_MISPLACED",
                _at(path, "facts"),
                f"{key!r}, which are of {facts.subject}",
                f"facts of {', '.join(self._reachable(scope))}",
            )
        elif len(scope) > 1 and way != (len(scope) - 1, ()):
            # Counted once for each fact around them they would cost the product of both; so each row
            # is looked at once a condition, however facts are nested.
            self.problem(
                "RULE_FACTS_MISPLACED",
                _at(path, "facts"),
                f"{key!r} within the facts {scope[-1]!r}",
                f"facts of {scope[-1]} itself; these stand beside it, joined by all or any",
            )
            way = None
        good = self._may_use(facts, _at(path, "facts")) and way is not None
        measure = self._measure(told.get("measure", "count"), _at(path, "measure"))
        of = None if measure is None else self._measured(told, path, facts, measure)
        where = None
        inner = (*scope, facts.each)
        if told.get("where") is not None:
            where = self.node(told["where"], _at(path, "where"), inner, depth + 1)
            good = good and where is not None
        if measure is None or of is None:
            return None
        op = self._op(told.get("op"), _at(path, "op"), f"{measure.value} of {key}", of.allowed)
        if op is None:
            return None
        operand = self._operand(told, path, scope, of, op)
        if isinstance(operand, _Refused) or not good or way is None:
            return None
        counted = None if measure is Measure.COUNT else of
        return Quantified(facts, *way, measure, counted, op, operand, where, path)

    def _measure(self, told: Json, path: str) -> Measure | None:
        known = [each.value for each in Measure]
        if isinstance(told, str) and told in known:
            return Measure(told)
        self.problem("RULE_SHAPE", path, shown(told), f"one of {', '.join(known)}")
        return None

    def _measured(
        self, told: Mapping[str, Json], path: str, facts: RuleFacts, measure: Measure
    ) -> RuleField | None:
        """The field that is measured, with the operators that its measure can be asked with."""
        if measure is Measure.COUNT:
            if told.get("of") is not None:
                self.problem("RULE_SHAPE", _at(path, "of"), shown(told["of"]), "nothing: it counts")
                return None
            return replace(_COUNT, operators=COUNT_OPERATORS)
        reached = self.field(told.get("of"), _at(path, "of"), (facts.each,))
        if reached is None:
            return None
        field = reached.field
        if field.subject != facts.each or field.type not in MEASURES[measure]:
            types = ", ".join(sorted(each.value for each in MEASURES[measure]))
            self.problem(
                "RULE_VALUE_INVALID",
                _at(path, "of"),
                f"{field.key!r}, a {field.type.value} of {field.subject}",
                f"a field of {facts.each} that is one of {types}",
            )
            return None
        either = (Op.MISSING, Op.PRESENT)
        allowed = tuple(
            op for op in OPERATORS[field.type] if op not in either or measure is not Measure.SUM
        )
        return replace(field, operators=allowed)


class _Refused:
    """Stands for a value that a problem has been noted of."""


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
