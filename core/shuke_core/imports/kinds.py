"""Kinds of imports: declared once by the domain whose rows they are, in its room `imports`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.access.permissions import Permission
from shuke_core.imports.errors import ImportKindUnknown

Cells = Mapping[str, str]  # by column; empty ones are left out
Options = Mapping[str, object]  # how the asker wants a file taken in


class Taken(Enum):
    """What became of a row that was taken in."""

    ENTERED = "entered"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class RowRefused:
    """Why a row can't be taken in: the column at fault (`$` for all of it), a code, what stood there."""

    field: str
    code: str
    found: str


@dataclass(frozen=True, slots=True)
class RefusedWith:
    """A row with which nothing is wrong but what it belongs to: the row at that place in the batch is."""

    place: int


Fate = Taken | RowRefused | RefusedWith


@dataclass(frozen=True, slots=True)
class Asked:
    """The import that rows are of: its id, when somebody asked for it, and how they want it done."""

    id: UUID
    at: datetime
    options: Options


@dataclass(frozen=True, slots=True)
class ImportKind:
    """What can be imported. `headings` leads from what a heading may say, in lower case, to the column.

    Headings that are not known become columns of their own name. Without one of the `needed` columns a
    file is refused. `take` gets a batch of rows, in the unit of work that also keeps how far the file has
    been read, and says of each row what became of it.

    Rows that follow each other and say the same in the column `together` come in one batch. `check`
    raises for options that it does not know or can't grant; without one there are none. What stood in
    columns that are not `plain` is not repeated, in no finding and no audit: it may name somebody.
    """

    key: str
    label: Mapping[str, str]
    permission: Permission
    headings: Mapping[str, str]
    needed: frozenset[str]
    take: Callable[[Sequence[Cells], Asked], Awaitable[Sequence[Fate]]]
    together: str | None = None
    check: Callable[[Options], Awaitable[None]] | None = None
    plain: frozenset[str] | None = None


_declared: dict[str, ImportKind] = {}


def declare_import(kind: ImportKind) -> ImportKind:
    """Makes the kind known; refuses a second one of the key."""
    if kind.key in _declared:
        raise ValueError(f"two kinds of imports are named {kind.key!r}")
    _declared[kind.key] = kind
    return kind


def declared_imports() -> Mapping[str, ImportKind]:
    """Every kind there is, by key."""
    return dict(sorted(_declared.items()))


def kind_of(key: str) -> ImportKind:
    """The kind; raises ImportKindUnknown."""
    if key not in _declared:
        raise ImportKindUnknown(kind=key[:60], known=", ".join(sorted(_declared)))
    return _declared[key]
