"""Mutations of the staff API that block members."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_BLOCK
from shuke_core.access.rights import FieldClass
from shuke_core.blocks.services import block_member, unblock_member
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.queries import member_of_id
from shuke_schema.blocks.types import BlockPurpose
from shuke_schema.context import id_of
from shuke_schema.members.types import Member
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why a member was not blocked, or not let be.")
class BlockErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    BLOCK_REASON_MISSING = "BLOCK_REASON_MISSING"
    BLOCK_END_INVALID = "BLOCK_END_INVALID"
    BLOCK_UNKNOWN = "BLOCK_UNKNOWN"


@strawberry.type(description="Why a member was not blocked, or not let be.")
class BlockError(Failure[BlockErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class BlockPayload:
    member: Member | None = None
    errors: list[BlockError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    BlockError,
    BlockErrorCode,
    {
        "MEMBER_UNKNOWN": "id",
        "BLOCK_REASON_MISSING": "reason",
        "BLOCK_END_INVALID": "until",
        "BLOCK_UNKNOWN": "purpose",
    },
)


async def _done(id: strawberry.ID, act: Callable[[UUID], Awaitable[None]]) -> BlockPayload:
    async def attempt() -> UUID:
        member_id = id_of(id)
        if member_id is None:
            raise MemberUnknown()
        await act(member_id)
        return member_id

    done, errors = await _FAILURES.attempt(attempt)
    return BlockPayload(member=answered_by(member_of_id(done)) if done else None, errors=errors)


@strawberry.type
class BlocksMutation:
    @strawberry.mutation(
        description="Keeps a member from points, coupons or messages, until then or for good; a "
        "block that stands is replaced. What they have stays.",
        metadata=asks(Audience.STAFF, MEMBERS_BLOCK),
    )
    async def block_member(
        self,
        id: strawberry.ID,
        purpose: BlockPurpose,
        reason: str,
        until: datetime | None = None,
    ) -> BlockPayload:
        return await _done(id, lambda found: block_member(found, purpose, reason, until))

    @strawberry.mutation(
        description="Lets the member be again. What was withheld is not made up for.",
        metadata=asks(Audience.STAFF, MEMBERS_BLOCK),
    )
    async def unblock_member(self, id: strawberry.ID, purpose: BlockPurpose) -> BlockPayload:
        return await _done(id, lambda found: unblock_member(found, purpose))
