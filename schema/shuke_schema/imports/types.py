"""GraphQL types of imports (导入)."""

from datetime import datetime

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.imports.queries import FileImportState
from shuke_schema.rights import shows
from shuke_schema.scalars import Long
from shuke_schema.staff.types import Colleague

strawberry.enum(FileImportState, description="How far an import has come.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A file that somebody wants taken in.")
class FileImport:
    id: strawberry.ID
    kind: str
    file_name: str
    asker: Colleague
    state: FileImportState
    failure: str | None = strawberry.field(description="The code of what it failed for, and why.")
    encoding: str | None = strawberry.field(
        description="The characters it is written in: utf-8 or gb18030; null until it is known."
    )
    size: Long = strawberry.field(description="Of the file, in bytes.")
    bytes_read: Long
    rows: int = strawberry.field(description="Read so far, the headings not counted.")
    entered: int = strawberry.field(description="Rows that told of something new.")
    changed: int = strawberry.field(description="Rows that changed something.")
    same: int = strawberry.field(description="Rows that told nothing new.")
    refused: int = strawberry.field(description="Rows that can't be taken in and wait.")
    requested_at: datetime
    done_at: datetime | None


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A row that could not be taken in.")
class RefusedRow:
    id: strawberry.ID
    row_no: int = strawberry.field(description="As a spreadsheet shows it: the headings are row 1.")
    field: str = strawberry.field(description="The column at fault; $ for all of the row.")
    code: str
    found: str = strawberry.field(description="What stood there, numbers of people hidden.")
    refused_at: datetime
