"""Root fields of the staff API that tell how imports are coming along."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import IMPORTS_RUN
from shuke_core.access.rights import FieldClass
from shuke_core.imports.live import IMPORTS
from shuke_core.imports.queries import import_of_id
from shuke_core.live.topics import Item
from shuke_schema.context import opaque
from shuke_schema.imports.types import FileImport
from shuke_schema.live.updates import Feed, Update, everybody, of_topic
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.scalars import Long


@strawberry.enum(description="What happened to an import.")
class FileImportChangeKind(Enum):
    REQUESTED = "requested"
    PROGRESSED = strawberry.enum_value("progressed", description="A batch of rows was taken in.")
    DONE = "done"
    FAILED = "failed"
    REDONE = strawberry.enum_value("redone", description="Refused rows were tried again.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An import has come further; the counts are those of that moment.")
class FileImportChange:
    kind: FileImportChangeKind
    import_id: strawberry.ID
    bytes_read: Long
    rows: int
    refused: int
    at: datetime
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The import as it is by now.")
    async def file_import(self) -> FileImport | None:
        return answered_by(import_of_id(self.row_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "FileImportChange":
        facts = item.facts
        import_id = UUID(facts["import_id"])
        return cls(
            kind=FileImportChangeKind(facts["change"]),
            import_id=opaque(import_id),
            bytes_read=facts["bytes_read"],
            rows=facts["rows"],
            refused=facts["refused"],
            at=datetime.fromisoformat(item.recorded_at),
            row_id=import_id,
        )


@strawberry.type
class ImportsSubscription:
    @strawberry.subscription(
        description="Everybody's imports, as they come along.",
        metadata=asks(Audience.STAFF, IMPORTS_RUN) | of_topic(IMPORTS, everybody),
    )
    async def imports_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[FileImportChange], None]:
        async for told in feed:
            change = FileImportChange.of(told.item) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)
