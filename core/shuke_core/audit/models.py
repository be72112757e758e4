"""Tables of the audit: entries as they are written, and the chain that seals them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class AuditEntry(TenantModel):
    """An act of staff, of a key or of the system; never changed.

    `changes` is sealed, with the reason and the subject under the key of the member it is about
    (erasing the member makes it unreadable and leaves the chain whole), otherwise under the tenant's.
    """

    actor_kind = fields.CharField(max_length=12)
    actor_id: UUID | None = fields.UUIDField(null=True)
    actor_name = fields.CharField(max_length=120)
    source = fields.CharField(max_length=60, default="")
    act = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=120)
    member_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    changes = fields.BinaryField(null=True)
    recorded_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "audit_entry"
        indexes: ClassVar = (
            ("tenant_id", "recorded_at", "id"),
            ("tenant_id", "actor_id", "recorded_at", "id"),
            ("tenant_id", "subject", "recorded_at", "id"),
            ("tenant_id", "member_id", "recorded_at", "id"),
        )


class AuditLink(TenantModel):
    """The place of an entry in the tenant's chain; never changed.

    `mac` is over the entry, whole, and the link before it; its key is not in the database.
    """

    position = fields.BigIntField()
    entry: fields.ForeignKeyRelation[AuditEntry] = fields.ForeignKeyField(
        "core.AuditEntry", related_name=False, on_delete=fields.RESTRICT
    )
    entry_id: UUID
    mac = fields.BinaryField()
    key_id = fields.CharField(max_length=16)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "audit_link"
        unique_together: ClassVar = (("tenant_id", "position"), ("tenant_id", "entry_id"))
