"""Root fields about exports."""

import strawberry

from shuke_core.access.permissions import EXPORTS_MANAGE, EXPORTS_REQUEST
from shuke_core.exports.kinds import declared_exports
from shuke_core.exports.queries import newest_exports
from shuke_schema.context import ShukeInfo, staff_of
from shuke_schema.exports.types import Export, ExportableKind
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks


@strawberry.type
class ExportsQuery:
    @strawberry.field(
        description="What can be exported, with its columns and filters.",
        metadata=asks(Audience.STAFF, EXPORTS_REQUEST),
    )
    def export_kinds(self) -> list[ExportableKind]:
        return [ExportableKind.of(kind) for kind in declared_exports().values()]

    @strawberry.field(
        description="Exports that you asked for, newest first.",
        metadata=asks(Audience.STAFF, EXPORTS_REQUEST),
    )
    def my_exports(
        self, info: ShukeInfo, first: int = 20, after: str | None = None
    ) -> Connection[Export]:
        return answered_by(newest_exports(staff_of(info).id, first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="Everybody's exports, newest first.",
        metadata=asks(Audience.STAFF, EXPORTS_MANAGE),
    )
    def exports(self, first: int = 20, after: str | None = None) -> Connection[Export]:
        return answered_by(newest_exports(None, first, after))  # type: ignore[no-any-return]
