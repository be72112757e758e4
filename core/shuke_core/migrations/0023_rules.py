"""Rules: named documents of the rule language, and their versions."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import append_only, check, never_deleted
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _tenant() -> Any:
    return fields.UUIDField(default=current_tenant)


def _at() -> Any:
    field: Any = fields.DatetimeField
    return field(auto_now=False, auto_now_add=False)


def _to(model: str, column: str, *, null: bool = False) -> Any:
    field: Any = fields.ForeignKeyField
    return field(
        f"core.{model}",
        source_field=column,
        null=null,
        db_constraint=True,
        to_field="id",
        related_name=False,
        on_delete=OnDelete.RESTRICT,
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0022_avatars")]

    initial = False

    operations = [
        ops.CreateModel(
            name="RuleDocument",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("name", fields.CharField(max_length=60)),
                ("subject", fields.CharField(max_length=60)),
                ("newest", fields.IntField(default=1)),
                ("state", fields.CharField(default="active", max_length=12)),
                ("created_at", _at()),
            ],
            options={
                "table": "rule_document",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "state", "name", "id"])],
                "pk_attr": "id",
                "table_description": "A rule that somebody has named. `newest` is its latest version.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("rule", _to("RuleDocument", "rule_id")),
                ("version", fields.IntField()),
                ("document", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("staff", _to("Staff", "staff_id", null=True)),
                ("saved_at", _at()),
            ],
            options={
                "table": "rule_version",
                "app": "core",
                "unique_together": (("tenant_id", "rule_id", "version"),),
                "pk_attr": "id",
                "table_description": "What a rule said from then on. Never changed: who uses a rule pins a version of it.",
            },
            bases=["TenantModel"],
        ),
        check("rule_document", "rule_document_state", "state IN ('active', 'retired')"),
        check("rule_document", "rule_document_newest", "newest >= 1"),
        check("rule_version", "rule_version_document", "jsonb_typeof(document) = 'object'"),
        never_deleted("rule_document"),
        append_only("rule_version"),
    ]
