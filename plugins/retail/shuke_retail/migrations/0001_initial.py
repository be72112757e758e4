"""What members bought through which channel."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from shuke_core.plugin_api import current_tenant, new_id


class Migration(migrations.Migration):
    dependencies = [("core", "0003_plugins")]

    initial = True

    operations = [
        ops.CreateModel(
            name="ChannelPurchases",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("source", fields.CharField(max_length=40)),
                ("orders", fields.IntField()),
                ("spent_fen", fields.BigIntField()),
                ("last_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "retail_channel_purchases",
                "app": "retail",
                "unique_together": (("tenant_id", "member_id", "source"),),
                "pk_attr": "id",
                "table_description": "A member's purchases through one channel so far; kept up by the worker, order by order.",
            },
            bases=["TenantModel"],
        ),
    ]
