"""Kinds of exports: declared once by the domain whose rows they are, in its room `exports`.

A kind says as plain SQL where its rows and columns come from. Reserved words: `this.` (the row),
`:name` (what a filter was read to, and `:zone`, the tenant's). The tenant of the kind's own table is
written for it; a sub-select says it by itself: `s.tenant_id = $1`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shuke_core.access.permissions import Permission
from shuke_core.access.rights import FieldClass, Scope
from shuke_core.exports.errors import ExportKindUnknown

Label = Mapping[str, str]  # a language ("zh", "en") to what a person reads


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be chosen.

    It is either `sql`, or `opened`: what must be unsealed, which gets the ids of some rows and
    answers a text for those that have one. Who lacks the class `see` gets `mask` in its place;
    without a mask they may not choose it. A column that `needs` a permission of its own is plain
    personal data: to export it is a reveal in bulk.
    """

    key: str
    label: Label
    sql: str = ""
    see: FieldClass = FieldClass.PUBLIC
    mask: str = ""
    opened: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, str]]] | None = None
    needs: Permission | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Something that rows can be chosen by.

    `read` makes the values of `condition` from what a client gave, or None where it then chooses
    nothing; it raises ExportFiltersInvalid. Who lacks the class `see` may not give it: a value can
    be found out by asking who has it.
    """

    key: str
    condition: str
    read: Callable[[Any], Awaitable[Mapping[str, object] | None]]
    see: FieldClass = FieldClass.PUBLIC


@dataclass(frozen=True, slots=True)
class ExportKind:
    """What can be exported: rows of `table` that are `where`, newest first by the column `newest`.

    `permission` is the one that seeing such rows needs. `within` says for each scope whose rows are
    seen, over `:staff` and `:stores`; the database enforces the same once more.
    """

    key: str
    label: Label
    permission: Permission
    table: str
    where: str
    newest: str
    columns: Mapping[str, Column]
    filters: Mapping[str, Filter]
    within: Mapping[Scope, str]


_declared: dict[str, ExportKind] = {}


def declare_export(
    key: str,
    label: Label,
    permission: Permission,
    *,
    table: str,
    where: str,
    newest: str,
    columns: Sequence[Column],
    filters: Sequence[Filter] = (),
    within: Mapping[Scope, str],
) -> ExportKind:
    """Makes the kind known; refuses a second one of the key."""
    if key in _declared:
        raise ValueError(f"two kinds of exports are named {key!r}")
    _declared[key] = ExportKind(
        *(key, label, permission, table, where, newest),
        {each.key: each for each in columns},
        {each.key: each for each in filters},
        within,
    )
    return _declared[key]


def declared_exports() -> Mapping[str, ExportKind]:
    """Every kind there is, by key."""
    return dict(sorted(_declared.items()))


def kind_of(key: str) -> ExportKind:
    """The kind; raises ExportKindUnknown."""
    if key not in _declared:
        raise ExportKindUnknown(kind=key[:60], known=", ".join(sorted(_declared)))
    return _declared[key]


def shown_filters(kind: str, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filters for others to read: values of what is kept from somebody, or not declared any more,
    are not shown."""
    known = _declared[kind].filters if kind in _declared else {}
    return {
        key: value if key in known and known[key].see is FieldClass.PUBLIC else "***"
        for key, value in sorted(filters.items())
    }
