"""Mutations of imports."""

from enum import Enum
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import IMPORTS_RUN
from shuke_core.access.rights import FieldClass
from shuke_core.imports.errors import ImportRowUnknown, ImportUnknown
from shuke_core.imports.kinds import Options
from shuke_core.imports.queries import import_of_id
from shuke_core.imports.services import Redone, correct_row, redo_import, request_import
from shuke_schema.context import id_of
from shuke_schema.imports.types import FileImport
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why an act on an import was refused.")
class FileImportErrorCode(Enum):
    IMPORT_KIND_UNKNOWN = "IMPORT_KIND_UNKNOWN"
    IMPORT_NOT_PERMITTED = "IMPORT_NOT_PERMITTED"
    IMPORT_UNKNOWN = "IMPORT_UNKNOWN"
    IMPORTS_TOO_MANY = "IMPORTS_TOO_MANY"
    IMPORT_FILE_INVALID = "IMPORT_FILE_INVALID"
    IMPORT_OPTION_INVALID = "IMPORT_OPTION_INVALID"
    IMPORT_ROW_UNKNOWN = "IMPORT_ROW_UNKNOWN"
    IMPORT_CELLS_INVALID = "IMPORT_CELLS_INVALID"
    FILE_UNKNOWN = "FILE_UNKNOWN"


@strawberry.type(description="Why an act on an import was refused.")
class FileImportError(Failure[FileImportErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class FileImportPayload:
    file_import: FileImport | None = None
    errors: list[FileImportError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How many refused rows went in, and how many still can't.")
class RedonePayload:
    mended: int = 0
    still_refused: int = 0
    last_row: int | None = strawberry.field(
        default=None, description="The last row that was tried; hand it in as `afterRow` to go on."
    )
    errors: list[FileImportError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    FileImportError,
    FileImportErrorCode,
    {
        "IMPORT_KIND_UNKNOWN": "kind",
        "IMPORT_NOT_PERMITTED": "kind",
        "IMPORT_UNKNOWN": "id",
        "IMPORT_FILE_INVALID": "fileId",
        "IMPORT_OPTION_INVALID": "options",
        "IMPORT_ROW_UNKNOWN": "id",
        "IMPORT_CELLS_INVALID": "cells",
        "FILE_UNKNOWN": "fileId",
    },
)


@strawberry.input(description="How a file is wanted. Each kind of import has options of its own.")
class FileImportOptions:
    integration: str | None = strawberry.field(
        default=None,
        description="Of `orders`: the key of the integration whose orders the file has, so that what it "
        "has sent already is known. Files that name none have a source of their own.",
    )
    without_points: bool = strawberry.field(
        default=False,
        description="Of `orders`: they earn nothing, since their points are counted elsewhere.",
    )

    def told(self) -> Options:
        told: dict[str, object] = {}
        if self.integration is not None:
            told["integration"] = self.integration
        if self.without_points:
            told["withoutPoints"] = True
        return told


def _redone(done: Redone | None, errors: list[FileImportError]) -> RedonePayload:
    if done is None:
        return RedonePayload(errors=errors)
    return RedonePayload(
        mended=done.mended, still_refused=done.still_refused, last_row=done.last, errors=errors
    )


@strawberry.type
class ImportsMutation:
    @strawberry.mutation(
        description="Has a stored file taken in, in the background: a CSV with a heading row. The kinds: "
        "`items`, one a row, and `orders`, a row for each of their lines. What is told again changes "
        "nothing.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN),
    )
    async def start_file_import(
        self, kind: str, file_id: strawberry.ID, options: FileImportOptions | None = None
    ) -> FileImportPayload:
        async def act() -> UUID:
            told = {} if options is None else options.told()
            return await request_import(kind, id_of(file_id) or NOBODY, told)

        import_id, errors = await _FAILURES.attempt(act)
        read = answered_by(import_of_id(import_id)) if import_id else None
        return FileImportPayload(file_import=read, errors=errors)

    @strawberry.mutation(
        description="Tries up to 200 refused rows of an import again, after a fix outside of the "
        "file. For more, call again with `afterRow`.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN),
    )
    async def redo_file_import(self, id: strawberry.ID, after_row: int = 0) -> RedonePayload:
        async def act() -> Redone:
            import_id = id_of(id)
            if import_id is None:
                raise ImportUnknown()
            return await redo_import(import_id, after_row)

        return _redone(*await _FAILURES.attempt(act))

    @strawberry.mutation(
        description="Replaces cells of a refused row, a JSON object of texts by column, and tries it "
        "again.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN),
    )
    async def correct_refused_row(self, id: strawberry.ID, cells: JSON) -> RedonePayload:
        async def act() -> Redone:
            row_id = id_of(id)
            if row_id is None:
                raise ImportRowUnknown()
            return await correct_row(row_id, cells)

        return _redone(*await _FAILURES.attempt(act))
