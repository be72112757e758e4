"""The table of alerts."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.staff.models import Staff


class Alert(TenantModel):
    """Something that staff must see: one person, or whoever is in a role.

    `kind` is one of `kinds`; `key` names what it is about, and there is one alert of a key until it
    is resolved: raised again, it only counts. That somebody has acknowledged it ends nothing.
    """

    kind = fields.CharField(max_length=60)
    severity = fields.CharField(max_length=12)
    key = fields.CharField(max_length=120)
    subject = fields.CharField(max_length=120)
    member: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    member_id: UUID | None
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    staff_id: UUID | None
    role = fields.CharField(max_length=40, null=True)
    times = fields.IntField(default=1)
    raised_at: datetime = fields.DatetimeField()
    last_raised_at: datetime = fields.DatetimeField()
    acknowledged_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    acknowledged_by_id: UUID | None
    acknowledged_at: datetime | None = fields.DatetimeField(null=True)
    resolved_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "alert"
        indexes: ClassVar = (
            ("tenant_id", "staff_id", "raised_at", "id"),
            ("tenant_id", "role", "raised_at", "id"),
            ("tenant_id", "raised_at", "id"),
        )
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "key"),
                name="alert_is_raised_once",
                condition="resolved_at IS NULL",
            ),
        )
