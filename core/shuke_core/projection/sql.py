"""Picks become one SQL statement that yields JSON. Every piece is 'an expression in, one out'."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import Any

from shuke_core.access.rights import FieldClass
from shuke_core.projection.declare import ARGUMENT, OF_THE_REQUEST, Field, Kind
from shuke_core.projection.reads import TYPENAME, WITHOUT, Pick, Read
from shuke_core.projection.registry import Registry

NEEDS = "#"  # the key that holds what resolvers need; no GraphQL name can be it
PYTHON, REFUSED = "python", "refused"


class Failed(str):
    """Left open because the SQL of a plugin failed: its key."""

    __slots__ = ()


Opens = dict[
    str, Any
]  # what SQL could not finish, by key: PYTHON, REFUSED, Failed, or the Opens below it

_ROW = re.compile(r"\b(this|parent)\.")
_PARAMETER = re.compile("\0(\\d+):(\\w+)\0")
_MOST_PAIRS = 50  # json_build_object takes a hundred arguments


class ClassLacking(RuntimeError):
    """A field came to the compiler that the caller may not see; the door should have refused it."""


_OR = re.compile(r"\bor\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """`slots` says what fills $2, $3 ...: (site, argument). $1 is the tenant."""

    text: str
    slots: tuple[tuple[int, str], ...]
    opens: Opens
    has_cursors: bool


Written = tuple[str, Any]  # an expression, and what it leaves open


def json_object(pairs: Sequence[tuple[str, str]]) -> str:
    """A JSON object of keys and expressions, built in pieces when it is wide."""
    pieces = [
        "json_build_object("
        + ", ".join(f"'{key}', {made}" for key, made in pairs[start : start + _MOST_PAIRS])
        + ")"
        for start in range(0, len(pairs), _MOST_PAIRS)
    ]
    if len(pieces) < 2:
        return pieces[0] if pieces else "'{}'::json"
    inner = " || ',' || ".join(f"substr(left(({piece})::text, -1), 2)" for piece in pieces)
    return f"('{{' || {inner} || '}}')::json"


def encoded(kind: Any, expression: str) -> str:
    """The expression in the form that the API shows."""
    if kind is Decimal:  # a JSON number would lose its digits
        return f"({expression})::text"
    if isinstance(kind, type) and issubclass(kind, Enum):
        if all(each.name == str(each.value).upper() for each in kind):
            return f"upper({expression})"
        cases = " ".join(f"when '{each.value}' then '{each.name}'" for each in kind)
        return f"case {expression} {cases} end"
    return expression


def cursor_of(listed: str, newest: str, this: str) -> str:
    """A cursor that is not signed yet: list, time and id, as a JSON string.

    Its first letter is written as an escape. json_build_object never writes one so, whatever was
    typed into a text, so nothing typed can pass for a cursor when they are signed.
    """
    micros = f"int8send((extract(epoch from {this}.{newest}) * 1000000)::int8)"
    keys = f"encode({micros} || uuid_send({this}.id), 'hex')"
    return f"""('"\\u0063{listed}:' || {keys} || '"')::json"""


def _asks_for_more(pick: Pick) -> bool:
    """Whether a page is asked for more than its rows: whether others follow, or where it ends."""
    return any(part.name == "page_info" for part in pick.picks)


@dataclass(slots=True)
class _Level:
    """A FROM clause: the alias of its row, and the joins that its fields need."""

    this: str
    joins: list[str] = field(default_factory=list)


class Writer:
    """Writes one statement. `values` are the arguments by site, `refused` the sites without any,
    `fixed` those whose values are the document's own; `failed` the plugins whose fields are left
    out."""

    def __init__(
        self,
        registry: Registry,
        classes: frozenset[FieldClass],
        values: Sequence[Mapping[str, Any]],
        refused: frozenset[int] = frozenset(),
        failed: frozenset[str] = frozenset(),
        fixed: frozenset[int] = frozenset(),
    ) -> None:
        self._registry, self._classes = registry, classes
        self._values, self._refused, self._failed = values, refused, failed
        self._fixed = fixed
        self._slots: list[tuple[int, str]] = []
        self._aliases = 0
        self._has_cursors = False
        self._below: dict[Kind, Callable[[Field, Pick, _Level], Written]] = {
            Kind.VALUE: self._value,
            Kind.INLINE: self._inline,
            Kind.ONE: self._one,
            Kind.MANY: lambda found, pick, level: self._many(found, pick, level.this),
            Kind.PAGE: lambda found, pick, level: self._page(found, pick, level.this),
        }

    def statement(self, read: Read, pick: Pick) -> Statement:
        """The statement of a read with this selection."""
        made, opens = {
            Kind.ONE: self._root,
            Kind.MANY: self._many,
            Kind.PAGE: self._page,
        }[read.how.kind](read.how, pick, None)
        if "$1" not in made:  # a page of which only the name of its type is wanted
            made = f"{made} where $1::uuid is not null"
        text = _PARAMETER.sub(self._numbered, f"select {made}")
        return Statement(text, tuple(self._slots), opens or {}, self._has_cursors)

    def _numbered(self, mark: re.Match[str]) -> str:
        """Numbered last, so that a parameter whose piece was left out is not bound."""
        slot = int(mark[1]), mark[2]
        if slot not in self._slots:
            self._slots.append(slot)
        return f"${self._slots.index(slot) + 2}"

    # Kinds of fields

    def _value(self, found: Field, pick: Pick, level: _Level) -> Written:
        if found.see in self._classes:
            return encoded(found.type, self._bound(found.sql, pick, level.this)), None
        if found.mask is None:
            raise ClassLacking(f"{pick.name} is {found.see.value}, and has no mask")
        return encoded(found.type, f"({self._bound(found.mask, pick, level.this)})"), None

    def _inline(self, found: Field, pick: Pick, level: _Level) -> Written:
        beside = level
        if found.where:
            beside = _Level(self._alias(), level.joins)
            table, where = self._source(found, pick, beside.this, level.this)
            level.joins.append(f" left join {table} on {where}")
        return self._object(pick, beside, found.instead)

    def _one(self, found: Field, pick: Pick, level: _Level) -> Written:
        """By a lateral join, which the planner may turn into another; not so a sub-select."""
        row, opens, this = self._row(found, pick, level.this)
        level.joins.append(f" left join lateral ({row}) {this} on true")
        return f"{this}.j", opens

    def _root(self, found: Field, pick: Pick, parent: str | None) -> Written:
        row, opens, _ = self._row(found, pick, parent)
        return f"({row})", opens

    def _row(self, found: Field, pick: Pick, parent: str | None) -> tuple[str, Opens, str]:
        level = _Level(self._alias())
        body, opens = self._object(pick, level)
        table, where = self._source(found, pick, level.this, parent)
        joins = "".join(level.joins)
        return f"select {body} as j from {table}{joins} where {where}", opens, level.this

    def _many(self, found: Field, pick: Pick, parent: str | None) -> Written:
        level = _Level(self._alias())
        body, opens = self._object(pick, level)
        order = self._bound(found.order, pick, level.this)
        rows = self._rows(found, pick, level.this, parent, order)
        # By its keys and not by numbers: the server knows that the rows come in this order.
        return (
            f"(select coalesce(json_agg({body} order by {order}), '[]') "
            f"from ({rows}) {level.this}{''.join(level.joins)})"
        ), opens

    def _rows(self, found: Field, pick: Pick, this: str, parent: str | None, order: str) -> str:
        """As many rows as are asked for, in their order; one more, and numbered from 1, of a page
        that is asked whether it has more.

        The planner is told a limit that it can see. A parameter it would take for a tenth of the
        table, so around what is asked for by one stands the most that may be.
        """
        more = int(_asks_for_more(pick))
        number = f', row_number() over (order by {order}) as "#"' if more else ""
        table, where = self._source(found, pick, this, parent)
        rows = f"from {table} where {where}"
        if found.kind is Kind.PAGE:
            rows += self._after(found, pick, this)
        asked = self._first(pick)
        if asked is None or asked.isdigit():
            most = int(asked or found.limit) + more
            return f"select {this}.*{number} {rows} order by {order} limit {most}"
        rows = f"select {this}.* {rows} order by {order} limit {found.limit + more}"
        return (
            f"select {this}.*{number} from ({rows}) {this} order by {order} limit {asked} + {more}"
        )

    def _page(self, found: Field, pick: Pick, parent: str | None) -> Written:
        level, opens = _Level(self._alias()), Opens()
        this = level.this
        order = f"{this}.{found.newest} desc, {this}.id desc"
        if found.by:
            order = f"{this}.{found.by}, {this}.id"
        shown = f'{this}."#" <= {self._first(pick) or found.limit}'
        without_more = f" filter (where {shown})" if _asks_for_more(pick) else ""
        made: list[tuple[str, str]] = []
        for part in pick.picks:
            if part.name == TYPENAME:
                made.append((part.key, f"'{pick.on}'"))
            elif part.name == "edges":
                edge, opened = self._edge(found, part, level)
                listed = f"json_agg({edge} order by {order}){without_more}"
                made.append((part.key, f"coalesce({listed}, '[]')"))
                if opened:
                    opens[part.key] = opened
            else:
                made.append((part.key, self._page_info(found, part, this, shown)))
        if all(part.name == TYPENAME for part in pick.picks):
            return json_object(made), opens
        rows = self._rows(found, pick, this, parent, order)
        # `having` makes it one row whatever is selected.
        joins = "".join(level.joins)
        return f"(select {json_object(made)} from ({rows}) {this}{joins} having true)", opens

    def _edge(self, found: Field, edge: Pick, level: _Level) -> Written:
        made, opens = [], Opens()
        for part in edge.picks:
            if part.name == "node":
                body, opened = self._object(part, level)
                if opened:
                    opens[part.key] = opened
            elif part.name == "cursor":
                body = self._cursor(found, level.this)
            else:
                body = f"'{edge.on}'"
            made.append((part.key, body))
        return json_object(made), opens

    def _page_info(self, found: Field, info: Pick, this: str, shown: str) -> str:
        made = []
        for part in info.picks:
            if part.name == "has_next_page":
                body = f"coalesce(bool_or(not {shown}), false)"
            elif part.name == "end_cursor":
                cursor = self._cursor(found, this)
                body = f'(array_agg({cursor} order by {this}."#" desc) filter (where {shown}))[1]'
            else:
                body = f"'{info.on}'"
            made.append((part.key, body))
        # An aggregate must be among it, or rows come instead of one.
        return json_object(made)

    # Shared parts

    def _object(
        self, pick: Pick, level: _Level, instead: Mapping[str, str] | None = None
    ) -> tuple[str, Opens]:
        fields = self._registry.fields[pick.on]
        made: list[tuple[str, str]] = []
        opens, needs = Opens(), dict[str, str]()
        for each in pick.picks:
            if each.name == TYPENAME:
                made.append((each.key, f"'{pick.on}'"))
                continue
            found, opened = fields[each.name], None  # type: Field, Any
            if each.site in self._refused:
                body, opened = "null", REFUSED
            elif each.plugin in self._failed:
                body, opened = "null", Failed(each.plugin)
            elif found.kind is Kind.PYTHON:
                body, opened = "null", PYTHON
                needs |= {name: f"{level.this}.{name}" for name in found.needs}
            elif instead and each.name in instead:
                body, opened = self._value(replace(found, sql=instead[each.name]), each, level)
            else:
                body, opened = self._below[found.kind](found, each, level)
            if opened:
                opens[each.key] = opened
            made.append((each.key, body))
        if PYTHON in opens.values():
            made.append((NEEDS, json_object(list(needs.items()))))
        return json_object(made), opens

    def _source(self, found: Field, pick: Pick, this: str, parent: str | None) -> tuple[str, str]:
        """FROM item and condition; the tenant is always part of it. A condition with an OR is put into
        parentheses: beside the others it would let in what they keep out."""
        given = self._values[pick.site]
        conditions = [f"{this}.tenant_id = $1"] + [
            self._bound(f"({each})" if _OR.search(each) else each, pick, this, parent)
            for each in found.where
            if all(
                given.get(name) is not None
                for name in ARGUMENT.findall(each)
                if name not in OF_THE_REQUEST
            )
        ]
        return f"{self._registry.tables[found.type.__name__]} {this}", " and ".join(conditions)

    def _first(self, pick: Pick) -> str | None:
        first = self._values[pick.site].get("first")
        if first is None:
            return None
        return (
            str(int(first))
            if pick.site in self._fixed
            else f"{self._parameter(pick, 'first')}::int"
        )

    def _after(self, found: Field, pick: Pick, this: str) -> str:
        if self._values[pick.site].get("after") is None:
            return ""
        at, row = self._parameter(pick, "after_at"), self._parameter(pick, "after_id")
        if found.by:
            table = self._registry.tables[found.type.__name__]
            return (
                f" and ({this}.{found.by}, {this}.id) > (select m.{found.by}, m.id from {table} m "
                f"where m.tenant_id = $1 and m.id = {row}::uuid)"
            )
        keys = f"({this}.{found.newest}, {this}.id)"
        return f" and {keys} < ({at}::timestamptz, {row}::uuid)"

    def _cursor(self, found: Field, this: str) -> str:
        self._has_cursors = True
        return cursor_of(found.listed, found.newest, this)

    def _bound(self, snippet: str, pick: Pick, this: str, parent: str | None = None) -> str:
        rows = {"this": this, "parent": parent}
        snippet = _ROW.sub(lambda mark: f"{rows[mark[1]]}.", snippet)
        return ARGUMENT.sub(lambda mark: self._parameter(pick, mark[1]), snippet)

    def _parameter(self, pick: Pick, name: str) -> str:
        if name == "tenant":
            return "$1"
        if name == "now":
            return f"\0{WITHOUT}:now\0::timestamptz"
        return f"\0{pick.site}:{name}\0"

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"
