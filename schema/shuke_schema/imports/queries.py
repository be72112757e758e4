"""Root fields about imports."""

import strawberry

from shuke_core.access.permissions import IMPORTS_RUN
from shuke_core.imports.queries import import_of_id, newest_imports, refused_rows
from shuke_schema.context import id_of
from shuke_schema.imports.types import FileImport, RefusedRow
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks


@strawberry.type
class ImportsQuery:
    @strawberry.field(
        description="Everybody's imports, newest first.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN),
    )
    def file_imports(self, first: int = 20, after: str | None = None) -> Connection[FileImport]:
        return answered_by(newest_imports(first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="An import; null for an id that is not there.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN),
    )
    def file_import(self, id: strawberry.ID) -> FileImport | None:
        import_id = id_of(id)
        return answered_by(import_of_id(import_id)) if import_id else None

    @strawberry.field(
        description="Rows of an import that wait, in the order of the file, behind that row.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN),
    )
    def refused_rows(
        self, import_id: strawberry.ID, after_row: int = 0, first: int = 50
    ) -> list[RefusedRow]:
        wanted = id_of(import_id) or NOBODY
        return answered_by(refused_rows(wanted, after_row, first))  # type: ignore[no-any-return]
