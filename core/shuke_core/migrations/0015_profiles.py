"""Profiles, codes, blocks and notes: what members say of themselves, and staff of them."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
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


def _member() -> Any:
    field: Any = fields.ForeignKeyField
    return field(
        "core.Member",
        source_field="member_id",
        db_constraint=True,
        to_field="id",
        related_name=False,
        on_delete=OnDelete.RESTRICT,
    )


def _json(default: Any) -> Any:
    return fields.JSONField(default=default, encoder=JSON_DUMPS, decoder=loads)


class Migration(migrations.Migration):
    dependencies = [("core", "0014_wechat")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ProfileField",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("key", fields.CharField(max_length=40)),
                ("kind", fields.CharField(max_length=12)),
                ("label_zh", fields.CharField(max_length=60)),
                ("label_en", fields.CharField(max_length=60)),
                ("reason_zh", fields.CharField(default="", max_length=200)),
                ("reason_en", fields.CharField(default="", max_length=200)),
                ("required", fields.BooleanField(default=False)),
                ("reward_points", fields.BigIntField(default=0)),
                ("longest", fields.IntField(null=True)),
                ("least", fields.BigIntField(null=True)),
                ("most", fields.BigIntField(null=True)),
                ("choices", _json(list)),
                ("change_after_days", fields.IntField(null=True)),
                ("place", fields.IntField(default=0)),
                ("state", fields.CharField(default="active", max_length=12)),
            ],
            options={
                "table": "profile_field",
                "app": "core",
                "unique_together": (("tenant_id", "key"),),
                "pk_attr": "id",
                "table_description": "A field that the tenant asks for. kind: builtin (a column of the member), text, number, date,",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="ProfileValue",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _member()),
                ("field", fields.CharField(max_length=40)),
                ("text", fields.CharField(null=True, max_length=200)),
                ("number", fields.BigIntField(null=True)),
                ("day", fields.DateField(null=True)),
                ("own_change_at", _at(null=True)),
            ],
            options={
                "table": "profile_value",
                "app": "core",
                "unique_together": (("tenant_id", "member_id", "field"),),
                "indexes": [
                    Index(fields=["tenant_id", "field", "text"]),
                    Index(fields=["tenant_id", "field", "number"]),
                    Index(fields=["tenant_id", "field", "day"]),
                ],
                "pk_attr": "id",
                "table_description": "What a member's field says, in the column of its kind (a choice is a text); none once emptied.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="MemberCodeUse",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("digest", fields.BinaryField()),
                ("used_at", _at()),
            ],
            options={
                "table": "member_code_use",
                "app": "core",
                "unique_together": (("tenant_id", "digest"),),
                "indexes": [Index(fields=["tenant_id", "used_at"])],
                "pk_attr": "id",
                "table_description": "A member code was redeemed; only its hash is kept, for an hour.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="MemberBlock",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _member()),
                ("purpose", fields.CharField(max_length=12)),
                ("reason", fields.CharField(max_length=200)),
                ("until", _at(null=True)),
                ("actor_id", fields.UUIDField(null=True)),
                ("actor_name", fields.CharField(max_length=120)),
                ("blocked_at", _at()),
            ],
            options={
                "table": "member_block",
                "app": "core",
                "unique_together": (("tenant_id", "member_id", "purpose"),),
                "pk_attr": "id",
                "table_description": "A member is kept from something: points, coupons or messages; until `until`, or for good.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="MemberNote",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _member()),
                ("sealed", fields.BinaryField()),
                ("actor_id", fields.UUIDField(null=True)),
                ("actor_name", fields.CharField(max_length=120)),
                ("written_at", _at()),
            ],
            options={
                "table": "member_note",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "member_id", "written_at", "id"])],
                "pk_attr": "id",
                "table_description": "A note of staff on a member, sealed under the member's key. It never changes; whoever wrote it",
            },
            bases=["TenantModel"],
        ),
        check(
            "member_block", "member_block_purpose", "purpose IN ('points', 'coupons', 'messages')"
        ),
        check(
            "profile_field",
            "profile_field_kind",
            "kind IN ('builtin', 'text', 'number', 'date', 'choice') "
            "AND state IN ('active', 'retired') AND reward_points >= 0",
        ),
        check("profile_value", "profile_value_is_one", "num_nonnulls(text, number, day) <= 1"),
    ]
