"""Whose members are whose: advisors, stores, the history of assignment, and tenants' own roles."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import append_only, check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _to(model: str, column: str, on_delete: OnDelete, *, null: bool = False) -> Any:
    field: Any = fields.ForeignKeyField
    return field(
        f"core.{model}",
        source_field=column,
        null=null,
        db_constraint=True,
        to_field="id",
        related_name=False,
        on_delete=on_delete,
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0008_staff_accounts")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Staff",
            name="away_from",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Staff",
            name="away_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        check("staff", "staff_absence", "away_until > away_from"),
        ops.CreateModel(
            name="StaffStore",
            fields=[
                ("id", _id()),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("staff", _to("Staff", "staff_id", OnDelete.CASCADE)),
                ("store", _to("Store", "store_id", OnDelete.CASCADE)),
            ],
            options={
                "table": "staff_store",
                "app": "core",
                "unique_together": (("tenant_id", "staff_id", "store_id"),),
                "pk_attr": "id",
                "table_description": "A store that somebody works at: whoever is narrowed to their stores sees these.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="StaffRole",
            fields=[
                ("id", _id()),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("key", fields.CharField(max_length=40)),
                ("label_zh", fields.CharField(max_length=120)),
                ("label_en", fields.CharField(max_length=120)),
                (
                    "permissions",
                    fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads),
                ),
                ("classes", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_role",
                "app": "core",
                "unique_together": (("tenant_id", "key"),),
                "pk_attr": "id",
                "table_description": "A role that the tenant made. `permissions` maps keys to scopes, `classes` is a list.",
            },
            bases=["TenantModel"],
        ),
        ops.AddField(
            model_name="Member",
            name="advisor",
            field=_to("Staff", "advisor_id", OnDelete.RESTRICT, null=True),
        ),
        ops.AddField(
            model_name="Member",
            name="store",
            field=_to("Store", "store_id", OnDelete.RESTRICT, null=True),
        ),
        ops.AlterModelOptions(
            name="Member",
            options={
                "pk_attr": "id",
                "table_description": "A member (会员). In the clear stand the masked phone and the name that staff search by.",
            },
        ),
        ops.AddIndex(
            model_name="Member",
            index=Index(fields=["tenant_id", "advisor_id", "joined_at", "id"]),
        ),
        ops.AddIndex(
            model_name="Member",
            index=Index(fields=["tenant_id", "store_id", "joined_at", "id"]),
        ),
        ops.CreateModel(
            name="Assignment",
            fields=[
                ("id", _id()),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("member", _to("Member", "member_id", OnDelete.RESTRICT)),
                ("advisor", _to("Staff", "advisor_id", OnDelete.RESTRICT, null=True)),
                ("way", fields.CharField(max_length=12)),
                ("reason", fields.CharField(default="", max_length=200)),
                ("actor_id", fields.UUIDField(null=True)),
                ("actor_name", fields.CharField(max_length=120)),
                ("assigned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "assignment",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "member_id", "assigned_at", "id"]),
                    Index(fields=["tenant_id", "advisor_id"]),
                ],
                "pk_attr": "id",
                "table_description": "A member was given to an advisor, or to nobody (`advisor_id` null). Never changed.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="AssignmentTurn",
            fields=[
                ("id", _id()),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("advisor_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "assignment_turn",
                "app": "core",
                "unique_together": (("tenant_id",),),
                "pk_attr": "id",
                "table_description": "Whose turn it was last; the tenant's one row, locked by whoever assigns automatically.",
            },
            bases=["TenantModel"],
        ),
        append_only("assignment"),
        check(
            "assignment",
            "assignment_way",
            "way IN ('by_hand', 'round_robin', 'least_busy', 'by_store', 'hand_over')",
        ),
    ]
