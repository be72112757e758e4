"""What retail knows of items."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from shuke_core.plugin_api import current_tenant, new_id


class Migration(migrations.Migration):
    dependencies = [("retail", "0001_initial"), ("core", "0024_catalog")]

    initial = False

    operations = [
        ops.CreateModel(
            name="RetailItem",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "item",
                    fields.ForeignKeyField(
                        "core.Item",
                        source_field="item_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("brand", fields.CharField(null=True, max_length=60)),
                ("barcode", fields.CharField(null=True, max_length=32)),
                ("spec", fields.CharField(null=True, max_length=120)),
            ],
            options={
                "table": "retail_item",
                "app": "retail",
                "unique_together": (("tenant_id", "item_id"),),
                "pk_attr": "id",
                "table_description": "What retail knows of an item besides.",
            },
            bases=["TenantModel"],
        ),
    ]
