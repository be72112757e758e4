"""Tables of exports: what was asked for and how far it has come, and the links to fetch it by."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.files.models import File
from shuke_core.kit.models import TenantModel
from shuke_core.staff.models import Staff


class Export(TenantModel):
    """An export that one of the staff asked for.

    `state`: waiting (to be written, or further), ready, dead (it failed), revoked, expired. While it
    waits `due_at` is when somebody works on it, once ready when it expires. `last_at` and `last_id`
    are the keys of the last row written. `purpose` is why it was asked for, `reason` the code of
    what it failed for, or of its last attempt, in words.
    """

    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: UUID
    kind = fields.CharField(max_length=60)
    columns: list[str] = fields.JSONField(default=list)
    filters: dict[str, Any] = fields.JSONField(default=dict)
    purpose = fields.CharField(max_length=200)
    state = fields.CharField(max_length=12, default="waiting")
    attempt = fields.SmallIntField(default=0)
    due_at: datetime = fields.DatetimeField()
    lease: UUID | None = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    rows = fields.IntField(default=0)
    last_at: datetime | None = fields.DatetimeField(null=True)
    last_id: UUID | None = fields.UUIDField(null=True)
    file: fields.ForeignKeyNullableRelation[File] = fields.ForeignKeyField(
        "core.File", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    file_id: UUID | None
    downloads = fields.IntField(default=0)
    requested_at: datetime = fields.DatetimeField()
    started_at: datetime | None = fields.DatetimeField(null=True)
    ready_at: datetime | None = fields.DatetimeField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "export"
        indexes: ClassVar = (
            ("tenant_id", "requested_at", "id"),
            ("tenant_id", "staff_id", "requested_at", "id"),
        )


class ExportLink(TenantModel):
    """A link to fetch a ready export by, once; only the hash of its token is kept."""

    export: fields.ForeignKeyRelation[Export] = fields.ForeignKeyField(
        "core.Export", related_name=False, on_delete=fields.CASCADE
    )
    export_id: UUID
    digest = fields.BinaryField()
    created_at: datetime = fields.DatetimeField()
    expires_at: datetime = fields.DatetimeField()
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "export_link"
        unique_together: ClassVar = (("tenant_id", "digest"),)
        indexes: ClassVar = (("tenant_id", "export_id"),)
