"""Tables of campaigns: the campaign, and who took part in it."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.rules.models import RuleVersion
from shuke_core.staff.models import Staff


class Campaign(TenantModel):
    """What a tenant offers in [starts_at, ends_at). `version` counts what staff changed.

    state: draft → submitted → approved ⇄ paused; cancelled for good. That it runs or has ended is said
    by its window. `joined` and `spent_points` are what is used of `places` and `budget_points`; they
    change under the row's lock, together with what they count.
    """

    code = fields.CharField(max_length=40)
    name_zh = fields.CharField(max_length=60)
    name_en = fields.CharField(max_length=60)
    goal = fields.CharField(max_length=500, default="")
    state = fields.CharField(max_length=12, default="draft")
    version = fields.IntField(default=1)
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()
    audience: fields.ForeignKeyNullableRelation[RuleVersion] = fields.ForeignKeyField(
        "core.RuleVersion", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    audience_id: UUID | None
    channels: list[Any] = fields.JSONField()
    places = fields.IntField(null=True)
    budget_points = fields.BigIntField(null=True)
    reward_points = fields.BigIntField(default=0)
    per_member = fields.IntField(default=1)
    joined = fields.IntField(default=0)
    spent_points = fields.BigIntField(default=0)
    submitted_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    submitted_by_id: UUID | None
    approved_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    approved_by_id: UUID | None
    approved_at: datetime | None = fields.DatetimeField(null=True)
    rejected_because = fields.CharField(max_length=200, default="")
    created_at: datetime = fields.DatetimeField()
    changed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "campaign"
        unique_together: ClassVar = (("tenant_id", "code"),)
        indexes: ClassVar = (
            ("tenant_id", "created_at", "id"),
            ("tenant_id", "state", "ends_at", "id"),
        )


class Participation(TenantModel):
    """That a member saw a campaign, joined it or was rewarded: one row each, with how often.

    `points` are those of kind `rewarded`. A retry changes nothing: `seen` counts once a minute, the
    others under the campaign's lock.
    """

    campaign: fields.ForeignKeyRelation[Campaign] = fields.ForeignKeyField(
        "core.Campaign", related_name=False, on_delete=fields.RESTRICT
    )
    campaign_id: UUID
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    kind = fields.CharField(max_length=12)
    times = fields.IntField(default=1)
    points = fields.BigIntField(default=0)
    first_at: datetime = fields.DatetimeField()
    last_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "campaign_participation"
        unique_together: ClassVar = (("tenant_id", "member_id", "campaign_id", "kind"),)
        indexes: ClassVar = (
            ("tenant_id", "campaign_id", "kind", "first_at", "id"),
            ("tenant_id", "member_id", "first_at", "id"),
        )
