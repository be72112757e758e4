"""Tables of members: the person, the key their data is sealed under, identities, tokens."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.kit.models import TenantModel


class Member(TenantModel):
    """A member (会员). Nothing personal stands here in the clear but the masked phone."""

    card_no = fields.CharField(max_length=16)
    state = fields.CharField(max_length=12, default="active")
    phone_masked = fields.CharField(max_length=24, null=True)
    joined_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member"
        unique_together: ClassVar = (("tenant_id", "card_no"),)


class MemberKey(TenantModel):
    """The key of one member, wrapped by the tenant's. Erasing a member deletes this row."""

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.CASCADE
    )
    member_id: UUID
    tenant_key_id: UUID = fields.UUIDField()
    wrapped = fields.BinaryField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_key"
        unique_together: ClassVar = (("tenant_id", "member_id"),)


class MemberIdentity(TenantModel):
    """How an outside system names a member: a phone, a till's card. Found by its keyed digest."""

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    kind = fields.CharField(max_length=12)
    issuer = fields.CharField(max_length=60, default="")
    digest = fields.BinaryField()
    sealed = fields.BinaryField()
    state = fields.CharField(max_length=12, default="active")
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_identity"
        indexes: ClassVar = (("tenant_id", "member_id"),)
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "kind", "issuer", "digest"),
                name="member_identity_is_unique",
                condition="state = 'active'",
            ),
        )


class MemberToken(TenantModel):
    """A member's opaque access token; only its hash is kept."""

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.CASCADE
    )
    member_id: UUID
    digest = fields.BinaryField()
    expires_at: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_token"
        indexes: ClassVar = (("tenant_id", "member_id"),)
        unique_together: ClassVar = (("tenant_id", "digest"),)
