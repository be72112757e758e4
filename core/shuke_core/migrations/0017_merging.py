"""Members are merged into each other, and merges undone: who, what moved, and the ledger's part."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.operations import RunSQL

from shuke_core.database.operations import append_only, check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant

_BEFORE = "'earn', 'spend', 'claw_back', 'settle', 'expire'"
_OF_MERGES = "'merge_out', 'merge_in', 'unsettle'"


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _at(*, null: bool = False) -> Any:
    field: Any = fields.DatetimeField
    return field(null=null, auto_now=False, auto_now_add=False)


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
    dependencies = [("core", "0016_keys_and_life")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MemberMerge",
            fields=[
                ("id", _id()),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("survivor", _to("Member", "survivor_id", OnDelete.RESTRICT)),
                ("absorbed", _to("Member", "absorbed_id", OnDelete.RESTRICT)),
                ("state", fields.CharField(default="done", max_length=12)),
                ("by_id", fields.UUIDField(null=True)),
                ("reason", fields.CharField(default="", max_length=200)),
                ("changed", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ("kept", fields.BinaryField()),
                ("merged_at", _at()),
                ("undo_until", _at()),
                ("undone_at", _at(null=True)),
            ],
            options={
                "table": "member_merge",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "survivor_id"]),
                    Index(fields=["tenant_id", "absorbed_id"]),
                    Index(fields=["tenant_id", "merged_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "A member was merged into another. state: done → undone, until `undo_until`.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="MergeMove",
            fields=[
                ("id", _id()),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("merge", _to("MemberMerge", "merge_id", OnDelete.CASCADE)),
                ("moved", fields.CharField(max_length=60)),
                ("row_id", fields.UUIDField()),
            ],
            options={
                "table": "merge_move",
                "app": "core",
                "unique_together": (("tenant_id", "merge_id", "moved", "row_id"),),
                "pk_attr": "id",
                "table_description": "A row that a merge made the survivor's: undo gives it back if it still is.",
            },
            bases=["TenantModel"],
        ),
        append_only("merge_move"),
        check("member_merge", "member_merge_state", "state IN ('done', 'undone')"),
        check(
            "member_merge", "member_merge_undone", "(state = 'undone') = (undone_at IS NOT NULL)"
        ),
        check("member_merge", "member_merge_of_two", "survivor_id <> absorbed_id"),
        ops.AddField(model_name="Entry", name="meant_for", field=fields.UUIDField(null=True)),
        ops.AddField(model_name="Lot", name="origin_lot_id", field=fields.UUIDField(null=True)),
        RunSQL(
            "ALTER TABLE ledger_entry DROP CONSTRAINT entry_kind;",
            f"ALTER TABLE ledger_entry ADD CONSTRAINT entry_kind CHECK (kind IN ({_BEFORE}));",
        ),
        check("ledger_entry", "entry_kind", f"kind IN ({_BEFORE}, {_OF_MERGES})"),
    ]
