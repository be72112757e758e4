"""Root fields of the staff API about merging."""

import strawberry

from shuke_core.access.permissions import MEMBERS_MERGE
from shuke_core.merging.queries import merge_candidates, merge_preview, merges
from shuke_core.merging.window import undo_days
from shuke_schema.context import id_of
from shuke_schema.merging.types import Merge, MergeCandidate, MergePreview, MergeSettings
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks


@strawberry.type
class MergingQuery:
    @strawberry.field(
        description="Members who may be there twice, and why: WeChat takes the two for one person, both "
        "claim one phone, or they have name and birthday in common. Those found last come first.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    def merge_candidates(
        self, first: int = 20, after: str | None = None
    ) -> Connection[MergeCandidate]:
        return answered_by(merge_candidates(first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="Two members side by side; null for ids that are not there, or are one member.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def merge_preview(
        self, survivor: strawberry.ID, absorbed: strawberry.ID
    ) -> MergePreview | None:
        found = await merge_preview(id_of(survivor) or NOBODY, id_of(absorbed) or NOBODY)
        return MergePreview.of(found) if found else None

    @strawberry.field(
        description="The merges there were, the last first; those undone as well.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    def merges(self, first: int = 20, after: str | None = None) -> Connection[Merge]:
        return answered_by(merges(first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="How merges are made here.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def merge_settings(self) -> MergeSettings:
        return MergeSettings(undo_days=await undo_days())
