"""Reads of blocks: what the API shows of them, and whom a purpose leaves out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.access.rights import FieldClass
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch
from shuke_core.members.queries import Member
from shuke_core.projection.declare import ID, Projection, column, many


class BlockPurpose(Enum):
    """What a member is kept from."""

    POINTS = "points"
    COUPONS = "coupons"
    MESSAGES = "messages"


class MemberBlock(Projection, table="member_block"):
    """A member is kept from something."""

    id: ID
    purpose: BlockPurpose
    reason: str = column("reason", see=FieldClass.CONTACT)
    until: datetime | None
    by: str = column("actor_name")
    blocked_at: datetime


# Whether the member `m` is kept from `{purpose}` at `{now}`, for statements that read more of them.
BLOCKED = (
    "EXISTS (SELECT FROM member_block b WHERE b.tenant_id = $1 AND b.member_id = m.id "
    "AND b.purpose = {purpose} AND b.set_aside_by_id IS NULL AND b.blocked_at <= {now} "
    "AND (b.until IS NULL OR b.until > {now}))"
)


class BlocksOfMember(Projection, joins=Member):
    """What a member is kept from now."""

    blocks: list[MemberBlock] = many(
        "this.member_id = parent.id",
        "this.set_aside_by_id is null",
        "this.until is null or this.until > :now",
        order="this.blocked_at, this.id",
    )


@dataclass(frozen=True, slots=True)
class Block:
    """From when and until when somebody is blocked, and why."""

    since: datetime
    until: datetime | None
    reason: str

    def holds_at(self, moment: datetime) -> bool:
        """Whether it is in force then."""
        return self.since <= moment and (self.until is None or moment < self.until)


async def blocks_of(member_ids: Collection[UUID], purpose: BlockPurpose) -> dict[UUID, Block]:
    """The members' blocks for the purpose, also those that are over."""
    rows = await fetch(
        "SELECT member_id, blocked_at, until, reason FROM member_block WHERE tenant_id = $1 "
        "AND member_id = ANY ($2::uuid[]) AND purpose = $3 AND set_aside_by_id IS NULL",
        *(list(member_ids), purpose.value),
    )
    return {r["member_id"]: Block(r["blocked_at"], r["until"], r["reason"]) for r in rows}


async def blocked_members(member_ids: Collection[UUID], purpose: BlockPurpose) -> set[UUID]:
    """Who of them is blocked for the purpose at this moment."""
    now = clock.now()
    blocks = await blocks_of(member_ids, purpose)
    return {member_id for member_id, block in blocks.items() if block.holds_at(now)}
