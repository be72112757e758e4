"""Tables of WeChat: mini-programs with their secrets, access tokens, claims of phones."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.staff.models import Staff


class MiniProgram(TenantModel):
    """A mini-program of the tenant; its secret is sealed. state: on, off.

    A phone whose member has done nothing for `inactive_months` is taken for one that was handed out
    anew by the network.
    """

    app_id = fields.CharField(max_length=40)
    sealed = fields.BinaryField()
    state = fields.CharField(max_length=12, default="on")
    inactive_months = fields.SmallIntField(default=12)
    created_at: datetime = fields.DatetimeField()
    changed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "mini_program"
        unique_together: ClassVar = (("tenant_id", "app_id"),)


class WechatToken(TenantModel):
    """The access token of a mini-program, sealed; null before the first one.

    It is asked for anew from `refresh_at` on, by whoever holds the lease.
    """

    mini_program: fields.ForeignKeyRelation[MiniProgram] = fields.ForeignKeyField(
        "core.MiniProgram", related_name=False, on_delete=fields.CASCADE
    )
    mini_program_id: UUID
    sealed: bytes | None = fields.BinaryField(null=True)
    refresh_at: datetime | None = fields.DatetimeField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    leased_by: UUID | None = fields.UUIDField(null=True)
    leased_until: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "wechat_token"
        unique_together: ClassVar = (("tenant_id", "mini_program_id"),)


class PhoneClaim(TenantModel):
    """Somebody has a phone, WeChat says, by which somebody else (`holder`) is known: staff decide.

    reason: inactive (the holder for long), in_use (by another account of the same mini-program),
    taken (the claimant is a member already). state: waiting → same (one person), other (the phone
    is the claimant's now) or settled (it took care of itself). The phone is sealed under the
    claimant's key.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    # No foreign key: a claim is narrowed with its claimant, and a member who is gone holds nothing.
    holder_id: UUID = fields.UUIDField()
    reason = fields.CharField(max_length=12)
    digest = fields.BinaryField()
    sealed = fields.BinaryField()
    phone_masked = fields.CharField(max_length=24)
    state = fields.CharField(max_length=12, default="waiting")
    claimed_at: datetime = fields.DatetimeField()
    decided_at: datetime | None = fields.DatetimeField(null=True)
    decided_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    decided_by_id: UUID | None

    class Meta(TenantModel.Meta):
        abstract = False
        table = "phone_claim"
        indexes: ClassVar = (
            ("tenant_id", "state", "claimed_at", "id"),
            ("tenant_id", "holder_id"),
        )
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "member_id", "digest"),
                name="phone_claim_waits_once",
                condition="state = 'waiting'",
            ),
        )
