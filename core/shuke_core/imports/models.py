"""Tables of imports: the file that is taken in, how far, what it has named, the rows that can't be."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.files.models import File
from shuke_core.kit.models import TenantModel
from shuke_core.staff.models import Staff


class FileImport(TenantModel):
    """A file that one of the staff wants taken in.

    `state`: waiting (to be read, or further), done, dead (it failed). `chunk` and `place` are where the
    next row begins: the piece of the file, and the byte in it. `options` are how the asker wants it
    taken in, as its kind reads them. `columns` are the headings as the kind
    knows them, null until they are read. `reason` is the code of what it failed for, or of its last
    attempt, in words.
    """

    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: UUID
    kind = fields.CharField(max_length=60)
    options: dict[str, object] | None = fields.JSONField(null=True)
    file: fields.ForeignKeyNullableRelation[File] = fields.ForeignKeyField(
        "core.File", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    file_id: UUID | None
    file_name = fields.CharField(max_length=200)
    size = fields.BigIntField()
    state = fields.CharField(max_length=12, default="waiting")
    attempt = fields.SmallIntField(default=0)
    due_at: datetime = fields.DatetimeField()
    lease: UUID | None = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    encoding = fields.CharField(max_length=12, null=True)
    delimiter = fields.CharField(max_length=1, null=True)
    columns: list[str] | None = fields.JSONField(null=True)
    chunk = fields.IntField(default=0)
    place = fields.IntField(default=0)
    bytes_read = fields.BigIntField(default=0)
    rows = fields.IntField(default=0)
    entered = fields.IntField(default=0)
    changed = fields.IntField(default=0)
    same = fields.IntField(default=0)
    refused = fields.IntField(default=0)
    requested_at: datetime = fields.DatetimeField()
    started_at: datetime | None = fields.DatetimeField(null=True)
    done_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "file_import"
        indexes: ClassVar = (("tenant_id", "requested_at", "id"),)


class RefusedRow(TenantModel):
    """A row that could not be taken in: which column, why, and the row itself, sealed.

    `row_no` counts from 2, as spreadsheets show it: the headings are row 1. Rows of one order have in
    `begins_at` the number of its first: they are tried again together. state: open → mended.
    """

    file_import: fields.ForeignKeyRelation[FileImport] = fields.ForeignKeyField(
        "core.FileImport", related_name=False, on_delete=fields.CASCADE
    )
    file_import_id: UUID
    row_no = fields.IntField()
    begins_at: int | None = fields.IntField(null=True)
    sealed = fields.BinaryField()
    field = fields.CharField(max_length=120)
    code = fields.CharField(max_length=40)
    found = fields.CharField(max_length=120)
    state = fields.CharField(max_length=12, default="open")
    refused_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "refused_row"
        unique_together: ClassVar = (("tenant_id", "file_import_id", "row_no"),)
        indexes: ClassVar = (("tenant_id", "file_import_id", "state", "row_no"),)


class ImportMemory(TenantModel):
    """Marks of what a batch of rows has named without changing it: eight bytes each, sorted."""

    file_import: fields.ForeignKeyRelation[FileImport] = fields.ForeignKeyField(
        "core.FileImport", related_name=False, on_delete=fields.CASCADE
    )
    file_import_id: UUID
    marks = fields.BinaryField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "import_memory"
        indexes: ClassVar = (("tenant_id", "file_import_id", "id"),)
