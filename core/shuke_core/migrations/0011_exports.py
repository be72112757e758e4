"""What leaves: files in chunks, exports with their links, reveals, and the tenant's limits."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import check, queue
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _tenant() -> Any:
    return fields.UUIDField(default=current_tenant)


def _at(*, null: bool = False) -> Any:
    field: Any = fields.DatetimeField
    return field(null=null, auto_now=False, auto_now_add=False)


def _to(model: str, column: str, on_delete: OnDelete, *, null: bool = False) -> Any:
    field: Any = fields.ForeignKeyField
    return field(
        f"core.{model}",
        source_field=column,
        null=null,
        db_constraint=True,
        to_field="id",
        related_name=False,
        on_delete=on_delete,
    )


def _json(default: Any) -> Any:
    return fields.JSONField(default=default, encoder=JSON_DUMPS, decoder=loads)


class Migration(migrations.Migration):
    dependencies = [("core", "0010_follow_up")]

    initial = False

    operations = [
        ops.CreateModel(
            name="File",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("name", fields.CharField(max_length=200)),
                ("content_type", fields.CharField(max_length=120)),
                ("size", fields.BigIntField(default=0)),
                ("chunks", fields.IntField(default=0)),
                ("created_at", _at()),
                ("expires_at", _at(null=True)),
            ],
            options={
                "table": "file",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "expires_at"])],
                "pk_attr": "id",
                "table_description": "A file. `size` is in bytes, as they were before they were sealed; `chunks` are numbered from 0.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="FileChunk",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("file", _to("File", "file_id", OnDelete.CASCADE)),
                ("number", fields.IntField()),
                ("sealed", fields.BinaryField()),
            ],
            options={
                "table": "file_chunk",
                "app": "core",
                "unique_together": (("tenant_id", "file_id", "number"),),
                "pk_attr": "id",
                "table_description": "A piece of a file, sealed under the tenant's key.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="DisclosureLimits",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("hourly", fields.IntField()),
                ("daily", fields.IntField()),
                ("unusual", fields.IntField()),
                ("rows", fields.IntField()),
            ],
            options={
                "table": "disclosure_limits",
                "app": "core",
                "unique_together": (("tenant_id",),),
                "pk_attr": "id",
                "table_description": "The tenant's own limits; a tenant without a row has the defaults of `limits`.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Export",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("staff", _to("Staff", "staff_id", OnDelete.RESTRICT)),
                ("kind", fields.CharField(max_length=60)),
                ("columns", _json(list)),
                ("filters", _json(dict)),
                ("purpose", fields.CharField(max_length=200)),
                ("state", fields.CharField(default="waiting", max_length=12)),
                ("attempt", fields.SmallIntField(default=0)),
                ("due_at", _at()),
                ("lease", fields.UUIDField(null=True)),
                ("reason", fields.CharField(default="", max_length=500)),
                ("rows", fields.IntField(default=0)),
                ("last_at", _at(null=True)),
                ("last_id", fields.UUIDField(null=True)),
                ("file", _to("File", "file_id", OnDelete.RESTRICT, null=True)),
                ("downloads", fields.IntField(default=0)),
                ("requested_at", _at()),
                ("started_at", _at(null=True)),
                ("ready_at", _at(null=True)),
                ("expires_at", _at(null=True)),
            ],
            options={
                "table": "export",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "requested_at", "id"]),
                    Index(fields=["tenant_id", "staff_id", "requested_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "An export that one of the staff asked for.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="ExportLink",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("export", _to("Export", "export_id", OnDelete.CASCADE)),
                ("digest", fields.BinaryField()),
                ("created_at", _at()),
                ("expires_at", _at()),
                ("used_at", _at(null=True)),
            ],
            options={
                "table": "export_link",
                "app": "core",
                "unique_together": (("tenant_id", "digest"),),
                "indexes": [Index(fields=["tenant_id", "export_id"])],
                "pk_attr": "id",
                "table_description": "A link to fetch a ready export by, once; only the hash of its token is kept.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Reveal",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("staff", _to("Staff", "staff_id", OnDelete.CASCADE)),
                ("revealed_at", _at()),
            ],
            options={
                "table": "reveal",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "staff_id", "revealed_at"]),
                    Index(fields=["tenant_id", "revealed_at"]),
                ],
                "pk_attr": "id",
                "table_description": "Somebody was shown a plain value. Of whom and why is in the audit; here it is only counted,",
            },
            bases=["TenantModel"],
        ),
        check(
            "export",
            "export_state",
            "state IN ('waiting', 'ready', 'dead', 'revoked', 'expired') "
            "AND (state IN ('waiting', 'ready') OR file_id IS NULL)",
        ),
        check("file", "file_size", "size >= 0 AND chunks >= 0"),
        check(
            "disclosure_limits",
            "disclosure_limits_bounds",
            "least(hourly, daily, unusual, rows) >= 0",
        ),
        # While one waits it is when somebody works on it, once ready when it expires.
        queue("export", ("tenant_id", "state", "due_at"), "state IN ('waiting', 'ready')"),
    ]
