"""Tables of clubs: an author writes plain models, the schema editor makes tenant tables of them."""

from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class Club(TenantModel):
    """A club and its founder; a later migration gave it a host and a place."""

    name = fields.CharField(max_length=40)
    founder: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    founder_id: UUID
    host: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.SET_NULL, null=True
    )
    host_id: UUID | None
    place = fields.CharField(max_length=40, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "club"
        unique_together: ClassVar = (("tenant_id", "name"),)


class Visit(TenantModel):
    """A visit of a member to a club."""

    club: fields.ForeignKeyRelation[Club] = fields.ForeignKeyField(
        "club.Club", related_name=False, on_delete=fields.CASCADE
    )
    club_id: UUID

    class Meta(TenantModel.Meta):
        abstract = False
        table = "club_visit"
        indexes: ClassVar = (("tenant_id", "club_id"),)
