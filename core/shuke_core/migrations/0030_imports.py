"""Histories of orders by file: how a file is wanted, rows that belong together, orders that earn nothing."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import append_only
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


def _at() -> Any:
    field: Any = fields.DatetimeField
    return field(null=False, auto_now=False, auto_now_add=False)


def _to(model: str, column: str) -> Any:
    field: Any = fields.ForeignKeyField
    return field(
        f"core.{model}",
        source_field=column,
        db_constraint=True,
        to_field="id",
        related_name=False,
        on_delete=OnDelete.CASCADE,
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0029_campaigns")]

    initial = False

    operations = [
        ops.AddField(
            model_name="FileImport",
            name="options",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(model_name="RefusedRow", name="begins_at", field=fields.IntField(null=True)),
        ops.CreateModel(
            name="WithheldOrder",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("order", _to("Order", "order_id")),
                ("reason", fields.CharField(max_length=60)),
                ("withheld_at", _at()),
            ],
            options={
                "table": "withheld_order",
                "app": "core",
                "unique_together": (("tenant_id", "order_id"),),
                "pk_attr": "id",
                "table_description": "An order that earns nothing, whoever claims it and whenever: its points are counted elsewhere.",
            },
            bases=["TenantModel"],
        ),
        append_only("withheld_order"),
        ops.CreateModel(
            name="ImportMemory",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("file_import", _to("FileImport", "file_import_id")),
                ("marks", fields.BinaryField()),
            ],
            options={
                "table": "import_memory",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "file_import_id", "id"])],
                "pk_attr": "id",
                "table_description": "Marks of what a batch of rows has named without changing it: eight bytes each, sorted.",
            },
            bases=["TenantModel"],
        ),
        # Made by the database, so that whatever writes an item writes them; compared byte by byte.
        *(
            ops.RunSQL(
                f'ALTER TABLE item ADD COLUMN {source}_key text COLLATE "C" NOT NULL '
                f'GENERATED ALWAYS AS (left(lower({source} COLLATE "C"), 100)) STORED;',
                f"ALTER TABLE item DROP COLUMN {source}_key;",
            )
            for source in ("name", "code")
        ),
        *(
            ops.RunSQL(
                f"CREATE INDEX item_by_{source} ON item (tenant_id, state, {source}_key, id);",
                f"DROP INDEX item_by_{source};",
            )
            for source in ("name", "code")
        ),
    ]
