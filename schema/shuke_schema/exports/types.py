"""GraphQL types of exports (导出)."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass
from shuke_core.exports.kinds import Column, ExportKind, shown_filters
from shuke_core.exports.queries import Export as ExportRow
from shuke_core.exports.queries import ExportState
from shuke_schema.rights import shows
from shuke_schema.staff.types import Colleague, Language

State = strawberry.enum(ExportState, name="ExportState", description="How far an export has come.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A column that can be exported.")
class ExportColumn:
    key: str
    needs: str | None = strawberry.field(
        description="The permission of its own that it needs: it is plain personal data, and an "
        "export with it is the operation `exports.reveal`, else `exports.request`."
    )
    field_class: str = strawberry.field(description="The class of fields that it needs.")
    is_masked: bool = strawberry.field(description="Whether who lacks the class gets it masked.")
    labels: strawberry.Private[dict[str, str]]

    @strawberry.field(
        description="What it is called; the first line of the file has it in Chinese."
    )
    def label(self, language: Language = Language.ZH) -> str:
        return self.labels[language.value]

    @classmethod
    def of(cls, column: Column) -> "ExportColumn":
        return cls(
            key=column.key,
            needs=column.needs.key if column.needs else None,
            field_class=column.see.name,
            is_masked=bool(column.mask),
            labels=dict(column.label),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that can be exported.")
class ExportableKind:
    key: str
    permission: str = strawberry.field(description="What it needs besides exports.request.")
    columns: list[ExportColumn]
    filters: list[str] = strawberry.field(description="What rows can be chosen by.")
    labels: strawberry.Private[dict[str, str]]

    @strawberry.field(description="What it is called.")
    def label(self, language: Language = Language.ZH) -> str:
        return self.labels[language.value]

    @classmethod
    def of(cls, kind: ExportKind) -> "ExportableKind":
        return cls(
            key=kind.key,
            permission=kind.permission.key,
            columns=[ExportColumn.of(column) for column in kind.columns.values()],
            filters=list(kind.filters),
            labels=dict(kind.label),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A list that somebody asked for as a file.")
class Export:
    id: strawberry.ID
    kind: str
    asker: Colleague
    reason: str
    state: ExportState
    failure: str | None = strawberry.field(description="The code of what it failed for.")
    rows: int = strawberry.field(description="Rows written so far.")
    downloads: int = strawberry.field(description="How often it was fetched.")
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None = strawberry.field(description="When it is deleted.")

    @strawberry.field(description="The columns that were chosen, in their order.")
    def columns(self, parent: strawberry.Parent[ExportRow]) -> list[str]:
        return list(parent.columns)

    @strawberry.field(description="What its rows were chosen by; *** for what is kept from some.")
    def filters(self, parent: strawberry.Parent[ExportRow]) -> JSON:
        return shown_filters(parent.kind, parent.filters)  # type: ignore[return-value]


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Where an export can be fetched, once.")
class ExportLink:
    path: str = strawberry.field(description="To be asked with GET on the same host.")
    expires_at: datetime
