"""The words in which a domain says, once, where each of its API fields comes from.

A projection is a class: annotations say what comes out, values say where from; a bare annotation is
the column of that name. Snippets are plain SQL with reserved words: `this.` (the row at hand),
`parent.` (the row one level up), `:name` (an argument of the field), `:tenant` and `:now` (of the
request). A condition that names an argument applies when the argument is given and not null.

The tenant of a table named by a projection is never written. A sub-select inside a snippet says it
by itself: `l.tenant_id = :tenant`.
"""

import inspect
import re
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar, Union, get_args, get_origin

from shuke_core.access.rights import FieldClass
from shuke_core.kit.pagination import MOST_ROWS

Row = TypeVar("Row")
ARGUMENT = re.compile(r"(?<!:):([a-z_]\w*)")
OF_THE_REQUEST = frozenset({"tenant", "now"})


class ID(str):
    """An opaque id: text, whatever the column holds."""

    __slots__ = ()


class Long(int):
    """A whole number beyond 32 bits. It goes out as a JSON number, so it stays below 2^53."""


class Page(Generic[Row]):
    """A Relay connection over a projection."""


class Kind(Enum):
    """How a field is had."""

    VALUE = "value"  # an SQL expression
    INLINE = "inline"  # an object of the same row, or of a row beside it
    ONE = "one"  # another row, or null
    MANY = "many"  # some rows
    PAGE = "page"  # some rows, page by page
    PYTHON = "python"  # a resolver


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a projection. `type` is a scalar, an Enum or a projection.

    `see` is the class of the field. Who lacks it sees `mask`, an expression, in its place; without
    a mask a document that asks for the field is refused before it comes here.
    """

    kind: Kind
    sql: str = ""
    where: tuple[str, ...] = ()
    order: str = ""
    newest: str = ""  # of a page: the time column in its cursors; it orders it, newest first
    by: str = ""  # of a page: a column that orders it upwards instead
    limit: int = MOST_ROWS
    see: FieldClass = FieldClass.PUBLIC
    mask: str | None = None
    needs: tuple[str, ...] = ()  # of a resolver: the columns that it reads from its parent
    instead: Mapping[str, str] = field(default_factory=dict)  # of an inline: other expressions
    type: Any = None
    nullable: bool = False
    listed: str = ""  # what the cursors of this page are bound to
    column: str = ""  # of a value that is a column as it is: its name
    owner: str = ""

    @property
    def arguments(self) -> set[str]:
        """The arguments that change something in SQL."""
        named = {name for text in (self.sql, *self.where) for name in ARGUMENT.findall(text)}
        paged = {Kind.MANY: {"first"}, Kind.PAGE: {"first", "after"}}.get(self.kind, set())
        return (named - OF_THE_REQUEST) | paged


def column(name: str, *, see: FieldClass = FieldClass.PUBLIC, mask: str | None = None) -> Any:
    """A column of another name, or of a class of its own."""
    return Field(Kind.VALUE, f"this.{name}", see=see, mask=mask, column=name)


def sql(expression: str, *, see: FieldClass = FieldClass.PUBLIC, mask: str | None = None) -> Any:
    """An expression over the row and the field's arguments. It vouches for its nulls itself."""
    return Field(Kind.VALUE, expression, see=see, mask=mask)


def inline(*where: str, **instead: str) -> Any:
    """An object made of the same row; `instead` gives fields of it another expression here.

    With conditions: of the row beside it that they find (one at most), and there even if none is
    found. Its fields then say what stands in place of nothing.
    """
    return Field(Kind.INLINE, where=where, instead=instead)


def one(*where: str) -> Any:
    """The one row that the conditions find, or null. They must name a unique key."""
    return Field(Kind.ONE, where=where)


def many(*where: str, order: str, limit: int = MOST_ROWS) -> Any:
    """At most `limit` rows; `first` may ask for fewer. `order` ends with the id: no ties."""
    if not re.search(r"\bthis\.id( desc)?$", order):
        raise ValueError(f"order {order!r} must end with this.id, or equal rows change places")
    return Field(Kind.MANY, where=where, order=order, limit=limit)


def pages(*where: str, newest: str) -> Any:
    """A connection, ordered by the time column `newest` downwards; the id breaks ties."""
    return Field(Kind.PAGE, where=where, newest=newest)


def python(*needs: str) -> Any:
    """What a resolver finds; the columns it needs come with its parent, as JSON has them."""
    return Field(Kind.PYTHON, needs=needs)


class Projection:
    """Base of all declarations. The class has the name of the GraphQL type.

    `table` is what its rows are read from; without one its objects are only ever `inline`.
    `joins` names the projection that these fields join; the class's own name then means nothing.
    What is kept on the class is dunder-named: `name` or `table` may be fields.
    """

    __table__: ClassVar[str]
    __joins__: ClassVar["type[Projection] | None"]

    def __init_subclass__(cls, *, table: str = "", joins: "type[Projection] | None" = None) -> None:
        cls.__table__, cls.__joins__ = table, joins


def fields_of(projection: type[Projection]) -> dict[str, Field]:
    """The fields that a projection declares, with what their annotations say."""
    hints = inspect.get_annotations(
        projection, globals=vars(sys.modules[projection.__module__]), locals={}, eval_str=True
    )
    joined = (projection.__joins__ or projection).__name__
    found: dict[str, Field] = {}
    for name, hint in hints.items():
        given = vars(projection).get(name) or column(name)
        kind, nullable = _unwrapped(hint)
        found[name] = replace(
            given,
            type=kind,
            nullable=nullable,
            listed=f"{joined.lower()}.{name}",
            owner=projection.__module__,
        )
    return found


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """The type in `X | None`, `list[X]` and `Page[X]`, and whether null was among it."""
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not types.NoneType)
        nullable = True
    if get_origin(hint) in (list, Page):
        (hint,) = get_args(hint)
    return hint, nullable
