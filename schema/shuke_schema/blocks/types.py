"""GraphQL types of blocks (黑名单)."""

from datetime import datetime

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.blocks.queries import BlockPurpose as BlockPurpose
from shuke_schema.rights import shown_as, shows

strawberry.enum(BlockPurpose, description="What a member is kept from.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member is kept from something.")
class MemberBlock:
    id: strawberry.ID
    purpose: BlockPurpose
    reason: str = strawberry.field(metadata=shown_as(FieldClass.CONTACT))
    until: datetime | None = strawberry.field(description="Null: for good.")
    by: str = strawberry.field(description="Who decided it.")
    blocked_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type
class BlocksOfMember:
    blocks: list[MemberBlock] = strawberry.field(
        description="What the member is kept from now; at most one for each purpose."
    )
