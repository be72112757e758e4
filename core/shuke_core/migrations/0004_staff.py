"""Staff with their tokens, idempotency keys, and a member's name to search by."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.operations import RunSQL

from shuke_core.database.operations import check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    dependencies = [("core", "0003_plugins")]

    initial = False

    operations = [
        ops.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("caller", fields.CharField(max_length=60)),
                ("operation", fields.CharField(max_length=60)),
                ("key", fields.CharField(max_length=100)),
                ("fingerprint", fields.BinaryField()),
                ("code", fields.CharField(null=True, max_length=60)),
                ("sentence", fields.CharField(null=True, max_length=500)),
                ("result", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_key",
                "app": "core",
                "unique_together": (("tenant_id", "caller", "operation", "key"),),
                "indexes": [Index(fields=["tenant_id", "created_at"])],
                "pk_attr": "id",
                "table_description": "An act that was asked for under a key, and how it came out.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Staff",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("handle", fields.CharField(max_length=40)),
                ("name", fields.CharField(max_length=120)),
                ("role", fields.CharField(max_length=40)),
                ("state", fields.CharField(default="active", max_length=12)),
                ("joined_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff",
                "app": "core",
                "unique_together": (("tenant_id", "handle"),),
                "pk_attr": "id",
                "table_description": "Somebody who works for the tenant. `handle` is what they log in as; state: active, left.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="StaffToken",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "core.Staff",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("digest", fields.BinaryField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_token",
                "app": "core",
                "unique_together": (("tenant_id", "digest"),),
                "indexes": [Index(fields=["tenant_id", "staff_id"])],
                "pk_attr": "id",
                "table_description": "A staff member's opaque access token; only its hash is kept.",
            },
            bases=["TenantModel"],
        ),
        check("staff", "staff_state", "state IN ('active', 'left')"),
        ops.AddField(
            model_name="Member",
            name="name",
            field=fields.CharField(null=True, max_length=60),
        ),
        ops.AlterModelOptions(
            name="Member",
            options={
                "pk_attr": "id",
                "table_description": "A member (会员). In the clear stand the masked phone and the name that staff search by.",
            },
        ),
        # Prefixes are ranges: only in "C" are they, whatever the server's language is.
        RunSQL(
            'ALTER TABLE member ALTER COLUMN name TYPE varchar(60) COLLATE "C";',
            'ALTER TABLE member ALTER COLUMN name TYPE varchar(60) COLLATE "default";',
        ),
        ops.AddIndex(model_name="Member", index=Index(fields=["tenant_id", "name", "id"])),
        ops.AddIndex(model_name="Member", index=Index(fields=["tenant_id", "joined_at", "id"])),
    ]
