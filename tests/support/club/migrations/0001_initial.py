"""Clubs with a founder."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    initial = True
    dependencies = [("core", "0001_initial")]
    operations = [
        ops.CreateModel(
            name="Club",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("name", fields.CharField(max_length=40)),
                (
                    "founder",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="founder_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "club",
                "app": "club",
                "unique_together": (("tenant_id", "name"),),
                "pk_attr": "id",
                "table_description": "A club and its founder; a later migration gave it a host and a place.",
            },
            bases=["TenantModel"],
        ),
    ]
