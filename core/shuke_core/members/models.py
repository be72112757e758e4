"""Tables of members: the person, the key their data is sealed under, identities, tokens."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.kit.models import TenantModel
from shuke_core.staff.models import Staff
from shuke_core.tenants.models import Store


class Member(TenantModel):
    """A member (会员). In the clear stand the masked phone and what staff search and choose by.

    state: visitor (known by an OpenID alone) → active → merged (`merged_into` is who they are now;
    their id goes on naming that member) or erased (a random subject that orders and points keep).
    `advisor` is the one of the staff who looks after them; `store` the one they belong to: that of
    their first order, unless somebody decides otherwise. `version` counts the edits of the profile.
    `avatar` is the file with their picture: no foreign key, which would want an index over all members
    for the sake of deleting files; a file that somebody's picture is in has no end.
    """

    card_no = fields.CharField(max_length=16)
    state = fields.CharField(max_length=12, default="active")
    phone_masked = fields.CharField(max_length=24, null=True)
    name = fields.CharField(max_length=60, null=True)
    nickname = fields.CharField(max_length=60, null=True)
    gender = fields.CharField(max_length=8, null=True)
    birthday: date | None = fields.DateField(null=True)
    region = fields.CharField(max_length=6, null=True)
    avatar: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(default=1, db_default=1)
    joined_at: datetime = fields.DatetimeField()
    merged_into: "fields.ForeignKeyNullableRelation[Member]" = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    merged_into_id: UUID | None
    advisor: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    advisor_id: UUID | None
    store: fields.ForeignKeyNullableRelation[Store] = fields.ForeignKeyField(
        "core.Store", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    store_id: UUID | None

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member"
        unique_together: ClassVar = (("tenant_id", "card_no"),)
        indexes: ClassVar = (
            ("tenant_id", "name", "id"),
            ("tenant_id", "joined_at", "id"),
            ("tenant_id", "advisor_id", "joined_at", "id"),
            ("tenant_id", "store_id", "joined_at", "id"),
            ("tenant_id", "merged_into_id"),
            ("tenant_id", "birthday", "name"),
        )


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
    """How an outside system names a member: a phone, a till's card. Found by its keyed digest.

    `through_id` is the identity that it came by, where WeChat said that both are one person's: an
    OpenID by the UnionID, or the other way. It goes back with that one when a merge is undone.
    """

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
    through_id: UUID | None = fields.UUIDField(null=True)

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


class MergeCandidate(TenantModel):
    """A member who may be the same person as one who joined before.

    reason: identity (WeChat says so), phone (both claim one), name_and_birthday. state: open → closed
    by a merge (`closed_by_id`), and open again when that is undone; or open → dismissed, by staff who
    found that they are two. Either may have been merged into somebody since.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    older: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    older_id: UUID
    reason = fields.CharField(max_length=20)
    state = fields.CharField(max_length=12, default="open")
    found_at: datetime = fields.DatetimeField()
    closed_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "merge_candidate"
        unique_together: ClassVar = (("tenant_id", "member_id", "older_id", "reason"),)
        indexes: ClassVar = (
            ("tenant_id", "state", "found_at", "id"),
            ("tenant_id", "older_id"),
            ("tenant_id", "closed_by_id"),
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


class MemberCodeUse(TenantModel):
    """A member code was redeemed; only its hash is kept, for an hour."""

    digest = fields.BinaryField()
    used_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_code_use"
        unique_together: ClassVar = (("tenant_id", "digest"),)
        indexes: ClassVar = (("tenant_id", "used_at"),)
