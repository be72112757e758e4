"""Tables of assignment: its history, and whose turn it is. Who it is now stands on the member."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.staff.models import Staff


class Assignment(TenantModel):
    """A member was given to an advisor, or to nobody (`advisor_id` null). Never changed.

    `way` is how it was decided; `actor_id` who of the staff did it, null for the system.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    advisor: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    advisor_id: UUID | None
    way = fields.CharField(max_length=12)
    reason = fields.CharField(max_length=200, default="")
    actor_id: UUID | None = fields.UUIDField(null=True)
    actor_name = fields.CharField(max_length=120)
    assigned_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "assignment"
        indexes: ClassVar = (
            ("tenant_id", "member_id", "assigned_at", "id"),
            ("tenant_id", "advisor_id"),
        )


class AssignmentTurn(TenantModel):
    """Whose turn it was last; the tenant's one row, locked by whoever assigns automatically."""

    advisor_id: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "assignment_turn"
        unique_together: ClassVar = (("tenant_id",),)
