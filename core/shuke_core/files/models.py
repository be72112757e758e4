"""Tables of files: what one is, and its bytes in chunks."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class File(TenantModel):
    """A file. `size` is in bytes, as they were before they were sealed; `chunks` are numbered from 0.

    Past `expires_at` it is deleted; without one whoever made it deletes it. `member_id` is whose it
    is: members stand above files, so no foreign key says so, and whoever writes it holds the member.
    `uploaded_by`, a member or one of the staff, has sent it and may use it; none once it is used.
    """

    name = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=120)
    size = fields.BigIntField(default=0)
    chunks = fields.IntField(default=0)
    created_at: datetime = fields.DatetimeField()
    expires_at: datetime | None = fields.DatetimeField(null=True)
    member_id: UUID | None = fields.UUIDField(null=True)
    uploaded_by: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "file"
        indexes: ClassVar = (
            ("tenant_id", "expires_at"),
            ("tenant_id", "member_id"),
            ("tenant_id", "uploaded_by"),
        )


class FileChunk(TenantModel):
    """A piece of a file, sealed under the tenant's key."""

    file: fields.ForeignKeyRelation[File] = fields.ForeignKeyField(
        "core.File", related_name=False, on_delete=fields.CASCADE
    )
    file_id: UUID
    number = fields.IntField()
    sealed = fields.BinaryField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "file_chunk"
        unique_together: ClassVar = (("tenant_id", "file_id", "number"),)
