"""Root fields of the staff API that tell how exports are coming along."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import EXPORTS_REQUEST
from shuke_core.access.rights import FieldClass
from shuke_core.exports.live import EXPORTS
from shuke_core.exports.queries import export_of_id
from shuke_core.live.topics import Item
from shuke_schema.context import opaque
from shuke_schema.exports.types import Export
from shuke_schema.live.updates import Feed, Update, of_topic, own_route
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="What happened to an export.")
class ExportChangeKind(Enum):
    REQUESTED = "requested"
    READY = "ready"
    FAILED = "failed"
    REVOKED = "revoked"
    EXPIRED = "expired"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An export was asked for, is ready, failed, was revoked or expired.")
class ExportChange:
    kind: ExportChangeKind
    export_id: strawberry.ID
    at: datetime
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The export as it is by now.")
    async def export(self) -> Export | None:
        return answered_by(export_of_id(self.row_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "ExportChange":
        facts = item.facts
        export_id = UUID(facts["export_id"])
        return cls(
            kind=ExportChangeKind(facts["change"]),
            export_id=opaque(export_id),
            at=datetime.fromisoformat(item.recorded_at),
            row_id=export_id,
        )


@strawberry.type
class ExportsSubscription:
    @strawberry.subscription(
        description="What happens to exports that you asked for.",
        metadata=asks(Audience.STAFF, EXPORTS_REQUEST) | of_topic(EXPORTS, own_route),
    )
    async def my_exports_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[ExportChange], None]:
        async for told in feed:
            change = ExportChange.of(told.item) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)
