"""Tables of step-ups: grants that are used once, approvals by a second person, their limits."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class StepUp(TenantModel):
    """A challenge, and once confirmed a grant: for one person, one operation, one set of arguments.

    `fingerprint` is a keyed digest of the arguments; `expires_at` is that of the challenge, then
    that of the grant.
    """

    staff: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    operation = fields.CharField(max_length=60)
    fingerprint = fields.BinaryField()
    tries = fields.IntField(default=0)
    asked_at: datetime = fields.DatetimeField()
    expires_at: datetime = fields.DatetimeField()
    confirmed_at: datetime | None = fields.DatetimeField(null=True)
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "step_up"
        indexes: ClassVar = (("tenant_id", "expires_at"),)


class Approval(TenantModel):
    """Something that a second person must agree to; state: pending, approved, refused, done.

    `summary` is for that person to read, personal values masked. Past `expires_at` it is neither
    decided nor carried out.
    """

    operation = fields.CharField(max_length=60)
    fingerprint = fields.BinaryField()
    amount = fields.BigIntField()
    summary = fields.CharField(max_length=300)
    reason = fields.CharField(max_length=500)
    state = fields.CharField(max_length=12, default="pending")
    asker: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    asker_id: UUID
    decider_id: UUID | None = fields.UUIDField(null=True)
    asked_at: datetime = fields.DatetimeField()
    expires_at: datetime = fields.DatetimeField()
    decided_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "approval"
        indexes: ClassVar = (
            ("tenant_id", "asked_at", "id"),
            ("tenant_id", "asker_id", "operation"),
        )


class ApprovalLimit(TenantModel):
    """How much of an operation one person may do alone, in this tenant."""

    operation = fields.CharField(max_length=60)
    most = fields.BigIntField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "approval_limit"
        unique_together: ClassVar = (("tenant_id", "operation"),)
