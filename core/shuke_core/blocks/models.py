"""The table of blocks."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class MemberBlock(TenantModel):
    """A member is kept from something: points, coupons or messages; until `until`, or for good.

    One of a purpose at most is in force. What a merge brought says by which (`brought_by_id`), and so
    does what had to go for it (`set_aside_by_id`); that comes back when the merge is undone. What
    there was before is in the audit.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    purpose = fields.CharField(max_length=12)
    reason = fields.CharField(max_length=200)
    until: datetime | None = fields.DatetimeField(null=True)
    actor_id: UUID | None = fields.UUIDField(null=True)
    actor_name = fields.CharField(max_length=120)
    blocked_at: datetime = fields.DatetimeField()
    brought_by_id: UUID | None = fields.UUIDField(null=True)
    set_aside_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_block"
        indexes: ClassVar = (("tenant_id", "member_id"),)
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "member_id", "purpose"),
                name="member_block_in_force_once",
                condition="set_aside_by_id IS NULL",
            ),
        )
