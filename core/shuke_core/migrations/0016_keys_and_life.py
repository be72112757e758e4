"""Keys of a tenant that came later, former keys of its audit chain, and the log of its life."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from shuke_core.database.operations import check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _tenant() -> Any:
    return fields.UUIDField(default=current_tenant)


def _at(*, null: bool = False) -> Any:
    field: Any = fields.DatetimeField
    return field(null=null, auto_now=False, auto_now_add=False)


_ACTS = "act IN ('suspended', 'resumed', 'closed', 'erased', 'emptied')"


class Migration(migrations.Migration):
    dependencies = [("core", "0015_profiles")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SealingKey",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("generation", fields.SmallIntField()),
                ("master_key_id", fields.CharField(max_length=16)),
                ("sealed", fields.BinaryField()),
                ("seals_from", _at()),
                ("created_at", _at()),
            ],
            options={
                "table": "sealing_key",
                "app": "core",
                "unique_together": (("tenant_id", "generation"),),
                "pk_attr": "id",
                "table_description": "A sealing key that came after the tenant's first one. It opens at once and seals from then on.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="FormerAuditKey",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("of_master_key_id", fields.CharField(max_length=16)),
                ("master_key_id", fields.CharField(max_length=16)),
                ("sealed", fields.BinaryField()),
                ("created_at", _at()),
            ],
            options={
                "table": "former_audit_key",
                "app": "core",
                "unique_together": (("tenant_id", "of_master_key_id"),),
                "pk_attr": "id",
                "table_description": "A key of audit links that came from a former master key, wrapped by the present one.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="TenantLife",
            fields=[
                ("id", _id()),
                ("of_tenant", fields.UUIDField()),
                ("slug", fields.CharField(max_length=40)),
                ("act", fields.CharField(max_length=12)),
                ("reason", fields.CharField(default="", max_length=500)),
                ("at", _at()),
                ("audit_position", fields.BigIntField(null=True)),
                ("audit_mac", fields.BinaryField(null=True)),
                ("audit_entries", fields.BigIntField(null=True)),
            ],
            options={
                "table": "tenant_life",
                "app": "core",
                "pk_attr": "id",
                "table_description": "The operator's log of what was done to tenants; it stays when a tenant's data is gone.",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="Tenant", name="state_at", field=_at(null=True)),
        ops.RunSQL(
            """
            ALTER TABLE tenant DROP CONSTRAINT tenant_state;
            ALTER TABLE tenant ADD CONSTRAINT tenant_state
                CHECK (state IN ('active', 'suspended', 'closing', 'erased'));
            """,
            """
            ALTER TABLE tenant DROP CONSTRAINT tenant_state;
            ALTER TABLE tenant ADD CONSTRAINT tenant_state
                CHECK (state IN ('active', 'suspended', 'closing'));
            """,
        ),
        check("tenant_life", "tenant_life_act", _ACTS),
    ]
