"""The audit: entries that are never changed, and the chain that seals them."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import append_only, check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    dependencies = [("core", "0006_gauge_indexes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("actor_kind", fields.CharField(max_length=12)),
                ("actor_id", fields.UUIDField(null=True)),
                ("actor_name", fields.CharField(max_length=120)),
                ("source", fields.CharField(default="", max_length=60)),
                ("act", fields.CharField(max_length=60)),
                ("subject", fields.CharField(max_length=120)),
                ("member_id", fields.UUIDField(null=True)),
                ("reason", fields.CharField(default="", max_length=500)),
                ("changes", fields.BinaryField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "audit_entry",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "recorded_at", "id"]),
                    Index(fields=["tenant_id", "actor_id", "recorded_at", "id"]),
                    Index(fields=["tenant_id", "subject", "recorded_at", "id"]),
                    Index(fields=["tenant_id", "member_id", "recorded_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "An act of staff, of a key or of the system; never changed.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="AuditLink",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("position", fields.BigIntField()),
                (
                    "entry",
                    fields.ForeignKeyField(
                        "core.AuditEntry",
                        source_field="entry_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("mac", fields.BinaryField()),
                ("key_id", fields.CharField(max_length=16)),
            ],
            options={
                "table": "audit_link",
                "app": "core",
                "unique_together": (("tenant_id", "position"), ("tenant_id", "entry_id")),
                "pk_attr": "id",
                "table_description": "The place of an entry in the tenant's chain; never changed.",
            },
            bases=["TenantModel"],
        ),
        append_only("audit_entry", "audit_link"),
        check("audit_entry", "audit_actor_kind", "actor_kind IN ('staff', 'key', 'system')"),
    ]
