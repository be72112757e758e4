"""The catalogue: categories, items, what order lines copy of them; imports of files."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import check, never_deleted, queue
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _tenant() -> Any:
    return fields.UUIDField(default=current_tenant)


def _at(*, null: bool = False) -> Any:
    field: Any = fields.DatetimeField
    return field(null=null, auto_now=False, auto_now_add=False)


def _to(
    model: str, column: str, *, null: bool = False, on_delete: OnDelete = OnDelete.RESTRICT
) -> Any:
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


class Migration(migrations.Migration):
    dependencies = [("core", "0023_rules")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Category",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("parent", _to("Category", "parent_id", null=True)),
                ("name", fields.CharField(max_length=60)),
                ("place", fields.IntField()),
                ("path", fields.CharField(max_length=192)),
                ("depth", fields.SmallIntField()),
                ("created_at", _at()),
                ("changed_at", _at()),
            ],
            options={
                "table": "category",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "path"]),
                    Index(fields=["tenant_id", "parent_id", "place", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "A category (类目). Its `path` is the ids of those above it and its own, 32 hex digits each.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Item",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.CharField(max_length=200)),
                ("category", _to("Category", "category_id", null=True)),
                ("price_fen", fields.BigIntField()),
                ("currency", fields.CharField(max_length=3)),
                ("state", fields.CharField(max_length=12)),
                ("version", fields.IntField(default=1)),
                ("told_in", fields.UUIDField(null=True)),
                ("created_at", _at()),
                ("changed_at", _at()),
            ],
            options={
                "table": "item",
                "app": "core",
                "unique_together": (("tenant_id", "code"),),
                "indexes": [
                    Index(fields=["tenant_id", "state", "created_at", "id"]),
                    Index(fields=["tenant_id", "category_id", "state", "created_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "An item (商品); tills name it by `code`, which is for ever. `version` counts its changes.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="FileImport",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("staff", _to("Staff", "staff_id")),
                ("kind", fields.CharField(max_length=60)),
                ("file", _to("File", "file_id", null=True)),
                ("file_name", fields.CharField(max_length=200)),
                ("size", fields.BigIntField()),
                ("state", fields.CharField(default="waiting", max_length=12)),
                ("attempt", fields.SmallIntField(default=0)),
                ("due_at", _at()),
                ("lease", fields.UUIDField(null=True)),
                ("reason", fields.CharField(default="", max_length=500)),
                ("encoding", fields.CharField(null=True, max_length=12)),
                ("delimiter", fields.CharField(null=True, max_length=1)),
                ("columns", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("chunk", fields.IntField(default=0)),
                ("place", fields.IntField(default=0)),
                ("bytes_read", fields.BigIntField(default=0)),
                ("rows", fields.IntField(default=0)),
                ("entered", fields.IntField(default=0)),
                ("changed", fields.IntField(default=0)),
                ("same", fields.IntField(default=0)),
                ("refused", fields.IntField(default=0)),
                ("requested_at", _at()),
                ("started_at", _at(null=True)),
                ("done_at", _at(null=True)),
            ],
            options={
                "table": "file_import",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "requested_at", "id"])],
                "pk_attr": "id",
                "table_description": "A file that one of the staff wants taken in.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="RefusedRow",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                (
                    "file_import",
                    _to("FileImport", "file_import_id", on_delete=OnDelete.CASCADE),
                ),
                ("row_no", fields.IntField()),
                ("sealed", fields.BinaryField()),
                ("field", fields.CharField(max_length=120)),
                ("code", fields.CharField(max_length=40)),
                ("found", fields.CharField(max_length=120)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("refused_at", _at()),
            ],
            options={
                "table": "refused_row",
                "app": "core",
                "unique_together": (("tenant_id", "file_import_id", "row_no"),),
                "indexes": [Index(fields=["tenant_id", "file_import_id", "state", "row_no"])],
                "pk_attr": "id",
                "table_description": "A row that could not be taken in: which column, why, and the row itself, sealed.",
            },
            bases=["TenantModel"],
        ),
        *(
            ops.AddField(model_name="OrderLine", name=name, field=field)
            for name, field in (
                ("item_price_fen", fields.BigIntField(null=True)),
                ("category_path", fields.CharField(null=True, max_length=192)),
                ("category_name", fields.CharField(null=True, max_length=60)),
            )
        ),
        ops.AddField(
            model_name="QuarantinedTicket",
            name="kind",
            field=fields.CharField(default="ticket", db_default="ticket", max_length=8),
        ),
        # Paths are compared byte by byte, whatever the database sorts by.
        *(
            ops.RunSQL(
                f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar(192) COLLATE "C";',
                f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar(192) COLLATE "default";',
            )
            for table, column in (("category", "path"), ("order_line", "category_path"))
        ),
        # Roots are siblings as well.
        ops.RunSQL(
            "CREATE UNIQUE INDEX category_beside ON category (tenant_id, parent_id, name) "
            "NULLS NOT DISTINCT;",
            "DROP INDEX category_beside;",
        ),
        check(
            "category",
            "category_path",
            "depth BETWEEN 1 AND 6 AND length(path) = 32 * depth "
            "AND right(path, 32) = replace(id::text, '-', '') AND (depth = 1) = (parent_id IS NULL) "
            "AND (depth = 1 OR substr(path, length(path) - 63, 32) = replace(parent_id::text, '-', ''))",
        ),
        check("item", "item_state", "state IN ('draft', 'on_sale', 'off_sale', 'retired')"),
        check("item", "item_bounds", "price_fen >= 0 AND version >= 1"),
        check(
            "file_import",
            "file_import_state",
            "state IN ('waiting', 'done', 'dead') AND least(chunk, place, rows, entered, changed, "
            "same, refused) >= 0",
        ),
        check("refused_row", "refused_row_state", "state IN ('open', 'mended')"),
        never_deleted("item"),
        queue("file_import", ("tenant_id", "state", "due_at"), "state = 'waiting'"),
    ]
