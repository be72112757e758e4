"""Tables of consent: the texts that a tenant publishes, and what members said to them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.staff.models import Staff


class PrivacyText(TenantModel):
    """A text that members are asked to consent to. Never changed: another one is another version."""

    purpose = fields.CharField(max_length=20)
    version = fields.IntField()
    zh = fields.TextField()
    en = fields.TextField()
    published_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "privacy_text"
        unique_together: ClassVar = (("tenant_id", "purpose", "version"),)


class Consent(TenantModel):
    """Something that was said to a text: given or withdrawn. Never changed; the latest one holds.

    `given_by`: member, guardian (named in `guardian`, sealed under the member's key) or staff. The
    rest is evidence: where in the app it was said (`scene`), from which network (`address`, its host
    part cut off) and with what program (`agent`).
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    purpose = fields.CharField(max_length=20)
    text: fields.ForeignKeyRelation[PrivacyText] = fields.ForeignKeyField(
        "core.PrivacyText", related_name=False, on_delete=fields.RESTRICT
    )
    text_id: UUID
    state = fields.CharField(max_length=12)
    given_by = fields.CharField(max_length=12)
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    staff_id: UUID | None
    guardian = fields.BinaryField(null=True)
    scene = fields.CharField(max_length=60, default="")
    address = fields.CharField(max_length=45, null=True)
    agent = fields.CharField(max_length=120, null=True)
    recorded_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "consent"
        indexes: ClassVar = (("tenant_id", "member_id", "purpose", "recorded_at", "id"),)
