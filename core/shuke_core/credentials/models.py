"""Tables of credentials: password and second factor, recovery codes, and tries that failed."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class Credential(TenantModel):
    """What one person signs in with.

    `hash` is an Argon2id string, none for who has only tokens; `secret` is that of the second
    factor, sealed, in force once `confirmed_at` is set; `step` the last time step whose code was
    taken: no code of it, or of one before, is taken again.
    """

    staff: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    hash = fields.CharField(max_length=200, null=True)
    changed_at: datetime = fields.DatetimeField()
    secret = fields.BinaryField(null=True)
    confirmed_at: datetime | None = fields.DatetimeField(null=True)
    step = fields.BigIntField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "credential"
        unique_together: ClassVar = (("tenant_id", "staff_id"),)


class RecoveryCode(TenantModel):
    """A code for when the second factor is lost. Good once; only a keyed digest is kept."""

    staff: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    digest = fields.BinaryField()
    used_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "recovery_code"
        unique_together: ClassVar = (("tenant_id", "staff_id", "digest"),)


class CredentialLock(TenantModel):
    """Tries at one person's credentials from one place.

    `place` is empty for all strange sources together, a keyed digest for a source that the person
    is known at, and a word for tries inside a session. `failures` are counted since `since`;
    `until` stands while it is locked, `locks` says how often it was within a day.
    """

    staff: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    place = fields.BinaryField()
    failures = fields.IntField()
    since: datetime = fields.DatetimeField()
    locks = fields.IntField(default=0)
    until: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "credential_lock"
        unique_together: ClassVar = (("tenant_id", "staff_id", "place"),)
