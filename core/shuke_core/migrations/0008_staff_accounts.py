"""Accounts of staff: credentials, codes, sessions, step-ups and approvals."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.operations import RunSQL

from shuke_core.database.operations import check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    dependencies = [("core", "0007_audit")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("operation", fields.CharField(max_length=60)),
                ("fingerprint", fields.BinaryField()),
                ("amount", fields.BigIntField()),
                ("summary", fields.CharField(max_length=300)),
                ("reason", fields.CharField(max_length=500)),
                ("state", fields.CharField(default="pending", max_length=12)),
                (
                    "asker",
                    fields.ForeignKeyField(
                        "core.Staff",
                        source_field="asker_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("decider_id", fields.UUIDField(null=True)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "approval",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "asked_at", "id"]),
                    Index(fields=["tenant_id", "asker_id", "operation"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that a second person must agree to; state: pending, approved, refused, done.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="ApprovalLimit",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("operation", fields.CharField(max_length=60)),
                ("most", fields.BigIntField()),
            ],
            options={
                "table": "approval_limit",
                "app": "core",
                "unique_together": (("tenant_id", "operation"),),
                "pk_attr": "id",
                "table_description": "How much of an operation one person may do alone, in this tenant.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Credential",
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
                ("hash", fields.CharField(null=True, max_length=200)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("secret", fields.BinaryField(null=True)),
                (
                    "confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("step", fields.BigIntField(default=0)),
            ],
            options={
                "table": "credential",
                "app": "core",
                "unique_together": (("tenant_id", "staff_id"),),
                "pk_attr": "id",
                "table_description": "What one person signs in with.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="CredentialLock",
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
                ("place", fields.BinaryField()),
                ("failures", fields.IntField()),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("locks", fields.IntField(default=0)),
                ("until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "credential_lock",
                "app": "core",
                "unique_together": (("tenant_id", "staff_id", "place"),),
                "pk_attr": "id",
                "table_description": "Tries at one person's credentials from one place.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="RecoveryCode",
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
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recovery_code",
                "app": "core",
                "unique_together": (("tenant_id", "staff_id", "digest"),),
                "pk_attr": "id",
                "table_description": "A code for when the second factor is lost. Good once; only a keyed digest is kept.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="StaffCode",
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
                ("kind", fields.CharField(max_length=12)),
                ("digest", fields.BinaryField()),
                ("tries", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_code",
                "app": "core",
                "unique_together": (("tenant_id", "digest"),),
                "indexes": [
                    Index(fields=["tenant_id", "staff_id"]),
                    Index(fields=["tenant_id", "expires_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A secret that is good once; only its hash is kept.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="StaffRules",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("second_factor", fields.CharField(default="nobody", max_length=12)),
            ],
            options={
                "table": "staff_rules",
                "app": "core",
                "unique_together": (("tenant_id",),),
                "pk_attr": "id",
                "table_description": "What the tenant demands of its staff; second_factor: nobody, admins, everybody.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="StepUp",
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
                ("operation", fields.CharField(max_length=60)),
                ("fingerprint", fields.BinaryField()),
                ("tries", fields.IntField(default=0)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "step_up",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "expires_at"])],
                "pk_attr": "id",
                "table_description": "A challenge, and once confirmed a grant: for one person, one operation, one set of arguments.",
            },
            bases=["TenantModel"],
        ),
        ops.AlterModelOptions(
            name="Staff",
            options={
                "table": "staff",
                "app": "core",
                "unique_together": (("tenant_id", "handle"),),
                "pk_attr": "id",
                "table_description": "Somebody who works for the tenant. `handle` is what they log in as.",
            },
        ),
        ops.AddField(
            model_name="StaffToken",
            name="agent",
            field=fields.CharField(db_default="", max_length=120),
        ),
        ops.AddField(
            model_name="StaffToken",
            name="kind",
            field=fields.CharField(db_default="issued", max_length=12),
        ),
        ops.AddField(
            model_name="StaffToken",
            name="source",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="StaffToken",
            name="source_shown",
            field=fields.CharField(db_default="", max_length=60),
        ),
        ops.AddField(
            model_name="StaffToken",
            name="used_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # Processes of the former release go on writing tokens without these columns.
        RunSQL(
            """
            ALTER TABLE staff DROP CONSTRAINT staff_state;
            ALTER TABLE staff ADD CONSTRAINT staff_state
                CHECK (state IN ('invited', 'active', 'left'));
            """,
            """
            ALTER TABLE staff DROP CONSTRAINT staff_state;
            ALTER TABLE staff ADD CONSTRAINT staff_state CHECK (state IN ('active', 'left'));
            """,
        ),
        check("staff_code", "staff_code_kind", "kind IN ('invite', 'reset', 'challenge')"),
        check(
            "staff_rules",
            "staff_rules_second_factor",
            "second_factor IN ('nobody', 'admins', 'everybody')",
        ),
        check("approval", "approval_state", "state IN ('pending', 'approved', 'refused', 'done')"),
        check("approval", "approval_by_another", "decider_id IS NULL OR decider_id <> asker_id"),
        check("approval_limit", "approval_limit_most", "most >= 0"),
        check("credential", "credential_confirmed", "confirmed_at IS NULL OR secret IS NOT NULL"),
    ]
