"""The table of notes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class MemberNote(TenantModel):
    """A note of staff on a member, sealed under the member's key. It never changes; whoever wrote it
    may take it back."""

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    sealed = fields.BinaryField()
    actor_id: UUID | None = fields.UUIDField(null=True)
    actor_name = fields.CharField(max_length=120)
    written_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_note"
        indexes: ClassVar = (("tenant_id", "member_id", "written_at", "id"),)
