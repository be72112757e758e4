"""The switch of each tenant for each plugin, and plugins' faults."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from shuke_core.database.operations import check, queue
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    dependencies = [("core", "0002_queues_and_events")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PluginFault",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("key", fields.CharField(max_length=40)),
                ("place", fields.CharField(max_length=80)),
                ("times", fields.IntField(default=1)),
                ("reason", fields.CharField(max_length=500)),
                ("last_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "plugin_fault",
                "app": "core",
                "unique_together": (("tenant_id", "key", "place"),),
                "pk_attr": "id",
                "table_description": "A plugin failed at a place (a hook, a reaction): how often, last when and why.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="PluginSwitch",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("key", fields.CharField(max_length=40)),
                ("state", fields.CharField(default="off", max_length=3)),
                ("settings", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "plugin_switch",
                "app": "core",
                "unique_together": (("tenant_id", "key"),),
                "pk_attr": "id",
                "table_description": "Whether a plugin is on for the tenant, and its settings. Off keeps both settings and data.",
            },
            bases=["TenantModel"],
        ),
        queue("plugin_switch", ["tenant_id", "key", "state"], due="state = 'on'"),
        check("plugin_switch", "plugin_switch_state", "state IN ('on', 'off')"),
    ]
