"""Tables of perks."""

from typing import ClassVar
from uuid import UUID

from tests.support.club.models import Club
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class Perk(TenantModel):
    """What a member may enjoy in a club; one of a kind at a time."""

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.CASCADE
    )
    member_id: UUID
    club: fields.ForeignKeyNullableRelation[Club] = fields.ForeignKeyField(
        "club.Club", related_name=False, on_delete=fields.SET_NULL, null=True
    )
    club_id: UUID | None
    kind = fields.CharField(max_length=20)
    left = fields.IntField(default=1)
    state = fields.CharField(max_length=12, default="active")

    class Meta(TenantModel.Meta):
        abstract = False
        table = "perk"
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "member_id", "kind"),
                name="perk_is_unique",
                condition="state = 'active'",
            ),
            CheckConstraint(check='"left" >= 0', name="perk_left_not_negative"),
        )
