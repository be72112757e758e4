"""What was asked to be exported: checked against its kind and the asker's rights, read in batches."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shuke_core.access.permissions import EXPORTS_REQUEST
from shuke_core.access.rights import Rights, Within
from shuke_core.exports.errors import (
    ExportColumnsInvalid,
    ExportFiltersInvalid,
    ExportNotPermitted,
)
from shuke_core.exports.kinds import Column, ExportKind, kind_of, shown_filters
from shuke_core.kit.transactions import Row, fetch, fetch_value
from shuke_core.tenants.queries import this_tenant

_NAMED = re.compile(r"(?<!:):([a-z_]\w*)")
Position = tuple[datetime, UUID]  # the keys of a row in the order of the export


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows as cells, in the order of the columns, and where the next batch begins."""

    cells: Sequence[Sequence[str | None]]
    last: Position | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind, the columns of it that were chosen, and the filters as a client gave them."""

    kind: ExportKind
    columns: Sequence[Column]
    filters: Mapping[str, Any]

    @classmethod
    def of(cls, kind: str, columns: Sequence[str], filters: Mapping[str, Any]) -> "Asked":
        """Raises ExportKindUnknown, ExportColumnsInvalid, ExportFiltersInvalid."""
        found = kind_of(kind)
        if not columns or len(set(columns)) < len(columns) or set(columns) - set(found.columns):
            raise ExportColumnsInvalid(kind=kind, known=", ".join(found.columns))
        if unknown := set(filters) - set(found.filters):
            known = ", ".join(found.filters)
            raise ExportFiltersInvalid(why=f"No filter {min(unknown)!r:.60}; there are: {known}.")
        return cls(found, [found.columns[key] for key in columns], filters)

    @property
    def reveals(self) -> bool:
        """Whether it discloses plain personal data."""
        return any(column.needs for column in self.columns)

    @property
    def shown_filters(self) -> dict[str, Any]:
        """The filters for others to read: what is kept from somebody is not shown."""
        return shown_filters(self.kind.key, self.filters)

    def check(self, rights: Rights) -> Within | None:
        """To whose rows it is narrowed; raises ExportNotPermitted unless the rights cover it all."""
        wanted = {EXPORTS_REQUEST.key, self.kind.permission.key}
        wanted |= {column.needs.key for column in self.columns if column.needs}
        if lacking := wanted - rights.permissions:
            raise ExportNotPermitted(
                what=f"This export of {self.kind.key}", needed=f"the permission {min(lacking)}"
            )
        seen = [("column", each.key, each.see) for each in self.columns if not each.mask]
        seen += [("filter", key, self.kind.filters[key].see) for key in self.filters]
        for what, key, field_class in seen:
            if field_class not in rights.classes:
                raise ExportNotPermitted(
                    what=f"The {what} {key}", needed=f"the right to see {field_class.value} data"
                )
        return rights.within_for(wanted)

    async def count(self, within: Within | None, most: int) -> int:
        """How many rows it has now; of more than `most` it says one more."""
        statement = _Statement()
        where = await self._where(statement, within)
        text = (
            f"SELECT count(*) FROM (SELECT FROM {self.kind.table} this WHERE {where} "
            f"LIMIT {statement.value(most + 1)}) AS counted"
        )
        counted: int = await fetch_value(text, *statement.values)
        return counted

    async def batch(
        self, rights: Rights, within: Within | None, after: Position | None, rows: int
    ) -> Batch:
        """The next rows after that position, newest first."""
        statement, newest = _Statement(), f"this.{self.kind.newest}"
        given = {"zone": str((await this_tenant()).zone)}
        chosen = [
            f"({statement.filled(self._sql(column, rights), given)})::text AS c{nth}"
            for nth, column in enumerate(self.columns)
            if column.opened is None
        ]
        where = await self._where(statement, within)
        if after is not None:
            at, row_id = (statement.value(key) for key in after)
            where += f" AND ({newest}, this.id) < ({at}, {row_id})"
        found = await fetch(
            f"SELECT {', '.join(['this.id', f'{newest} AS row_at', *chosen])} "
            f"FROM {self.kind.table} this WHERE {where} "
            f"ORDER BY {newest} DESC, this.id DESC LIMIT {statement.value(rows)}",
            *statement.values,
        )
        last = (found[-1]["row_at"], found[-1]["id"]) if found else None
        return Batch(await self._cells(found), last)

    async def _cells(self, found: Sequence[Row]) -> list[list[str | None]]:
        ids = [row["id"] for row in found]
        opened = {
            nth: await column.opened(ids)
            for nth, column in enumerate(self.columns)
            if column.opened is not None
        }
        width = range(len(self.columns))
        return [
            [opened[n].get(row["id"]) if n in opened else row[f"c{n}"] for n in width]
            for row in found
        ]

    @staticmethod
    def _sql(column: Column, rights: Rights) -> str:
        return column.sql if column.see in rights.classes else column.mask

    async def _where(self, statement: "_Statement", within: Within | None) -> str:
        conditions = ["this.tenant_id = $1", self.kind.where]
        if within is not None:
            given = {"staff": within.staff_id, "stores": list(within.stores)}
            conditions.append(statement.filled(self.kind.within[within.scope], given))
        for key, value in sorted(self.filters.items()):
            chosen = self.kind.filters[key]
            values = await chosen.read(value)
            if values is not None:
                conditions.append(statement.filled(chosen.condition, values))
        return " AND ".join(conditions)


class _Statement:
    """Numbers the values of one statement; `$1` is the tenant."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def value(self, value: object) -> str:
        """The parameter of a value."""
        self.values.append(value)
        return f"${len(self.values) + 1}"

    def filled(self, snippet: str, given: Mapping[str, object]) -> str:
        """The snippet with a parameter in place of each name."""
        return _NAMED.sub(lambda named: self.value(given[named[1]]), snippet)
