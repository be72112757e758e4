"""Tables of profiles: what the tenant asks for, and what members said."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class ProfileField(TenantModel):
    """A field that the tenant asks for. kind: builtin (a column of the member), text, number, date,
    choice; it never changes. state: active, retired (values stay).

    `longest` bounds a text, `least` and `most` a number. A member may change a value of their own
    once in `change_after_days`. `place` orders the form.
    """

    key = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=12)
    label_zh = fields.CharField(max_length=60)
    label_en = fields.CharField(max_length=60)
    reason_zh = fields.CharField(max_length=200, default="")
    reason_en = fields.CharField(max_length=200, default="")
    required = fields.BooleanField(default=False)
    reward_points = fields.BigIntField(default=0)
    longest = fields.IntField(null=True)
    least = fields.BigIntField(null=True)
    most = fields.BigIntField(null=True)
    choices: list[str] = fields.JSONField(default=list)
    change_after_days = fields.IntField(null=True)
    place = fields.IntField(default=0)
    state = fields.CharField(max_length=12, default="active")

    class Meta(TenantModel.Meta):
        abstract = False
        table = "profile_field"
        unique_together: ClassVar = (("tenant_id", "key"),)


class ProfileValue(TenantModel):
    """What a member's field says, in the column of its kind (a choice is a text); none once emptied.

    A built-in field keeps its value in `member`, and has a row here for `own_change_at` alone: when
    the member changed it last by themselves.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    field = fields.CharField(max_length=40)
    text = fields.CharField(max_length=200, null=True)
    number = fields.BigIntField(null=True)
    day: date | None = fields.DateField(null=True)
    own_change_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "profile_value"
        unique_together: ClassVar = (("tenant_id", "member_id", "field"),)
        indexes: ClassVar = (
            ("tenant_id", "field", "text"),
            ("tenant_id", "field", "number"),
            ("tenant_id", "field", "day"),
        )
