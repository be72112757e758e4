"""Root fields of the staff API about merging."""

import strawberry

from shuke_core.access.permissions import MEMBERS_MERGE
from shuke_core.merging.queries import candidates_before, merge_preview, merges_before
from shuke_schema.context import id_of
from shuke_schema.merging.types import Merge, MergeCandidate, MergePreview
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.parts import Audience
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.rights import asks


@strawberry.type
class MergingQuery:
    @strawberry.field(
        description="Members who may be there twice: with the name and the birthday of one who "
        "joined before. Whoever joined last comes first.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def merge_candidates(
        self, first: int = 20, after: str | None = None
    ) -> Connection[MergeCandidate]:
        return await connection_of(
            "merging.candidates",
            first,
            after,
            candidates_before,
            lambda row: (row.joined_at, row.id),
            MergeCandidate.of,
        )

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
    async def merges(self, first: int = 20, after: str | None = None) -> Connection[Merge]:
        return await connection_of(
            "merging.merges",
            first,
            after,
            merges_before,
            lambda row: (row.merged_at, row.id),
            Merge.of,
        )
