"""Orders have a life: what is told of them step by step, discounts of lines, exchanges."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import check, never_deleted
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant

_STATES = "'created', 'paid', 'fulfilled', 'completed', 'partly_refunded', 'refunded', 'cancelled'"


def _at(*, null: bool = False) -> Any:
    field: Any = fields.DatetimeField
    return field(null=null, auto_now=False, auto_now_add=False)


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


def _of_all(table: str, columns: str) -> ops.RunSQL:
    """Sets columns of every tenant's rows, which not even the owner sees otherwise."""
    return ops.RunSQL(
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; UPDATE {table} SET {columns}; "
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
        "",
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0027_receipts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="OrderStep",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("source", fields.CharField(max_length=40)),
                ("store", _to("Store", "store_id")),
                ("kind", fields.CharField(max_length=12)),
                ("external_no", fields.CharField(max_length=64)),
                ("business_day", fields.DateField()),
                ("order", _to("Order", "order_id", null=True)),
                ("channel", fields.CharField(max_length=40)),
                ("order_no", fields.CharField(max_length=64)),
                ("order_day", fields.DateField(null=True)),
                ("amount_fen", fields.BigIntField(null=True)),
                ("method", fields.CharField(null=True, max_length=20)),
                ("happened_at", _at()),
                ("recorded_at", _at()),
            ],
            options={
                "table": "order_step",
                "app": "core",
                "unique_together": (
                    ("tenant_id", "source", "store_id", "kind", "external_no", "business_day"),
                ),
                "indexes": [
                    Index(fields=["tenant_id", "order_id", "happened_at", "id"]),
                    Index(fields=["tenant_id", "channel", "order_no"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that was told of an order beside its refunds: a payment, or that it was handed out,",
            },
            bases=["TenantModel"],
        ),
        *(
            ops.AddField(model_name="Order", name=name, field=field)
            for name, field in (
                ("told_whole", fields.BooleanField(default=True, db_default=True)),
                ("paid_fen", fields.BigIntField(db_default=0)),
                ("fulfilled_at", _at(null=True)),
                ("completed_at", _at(null=True)),
                ("cancelled_at", _at(null=True)),
                ("contradiction", fields.CharField(null=True, max_length=30)),
            )
        ),
        ops.AddField(
            model_name="OrderLine",
            name="discounts",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="Refund",
            name="channel",
            field=fields.CharField(max_length=40, db_default=""),
        ),
        ops.AddField(
            model_name="Refund",
            name="exchanged_for",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="RefundLine",
            name="quantity",
            field=fields.DecimalField(null=True, max_digits=12, decimal_places=3),
        ),
        # Until now an order was told whole, and a refund was one of its own source.
        _of_all(
            "orders", "paid_fen = total_fen, fulfilled_at = placed_at, completed_at = placed_at"
        ),
        _of_all("refund", "channel = source"),
        ops.AddIndex(model_name="Order", index=Index(fields=["tenant_id", "placed_at", "id"])),
        ops.AddIndex(
            model_name="Order", index=Index(fields=["tenant_id", "state", "placed_at", "id"])
        ),
        ops.RemoveIndex(model_name="Refund", fields=["tenant_id", "source", "refunds_no", "state"]),
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["tenant_id", "channel", "refunds_no", "state"]),
        ),
        ops.RunSQL(
            "CREATE INDEX order_contradiction ON orders (tenant_id, placed_at, id) "
            "WHERE contradiction IS NOT NULL;",
            "DROP INDEX order_contradiction;",
        ),
        ops.RunSQL(
            "ALTER TABLE orders DROP CONSTRAINT order_state, DROP CONSTRAINT order_amounts;",
            "ALTER TABLE orders ADD CONSTRAINT order_state "
            "CHECK (state IN ('completed', 'partly_refunded', 'refunded')), "
            "ADD CONSTRAINT order_amounts "
            "CHECK (total_fen >= 0 AND refunded_fen BETWEEN 0 AND total_fen);",
        ),
        check("orders", "order_state", f"state IN ({_STATES})"),
        check(
            "orders",
            "order_amounts",
            "total_fen >= 0 AND paid_fen BETWEEN 0 AND total_fen "
            "AND refunded_fen BETWEEN 0 AND paid_fen",
        ),
        check("orders", "order_counts", "completed_at IS NULL OR paid_fen = total_fen"),
        check(
            "order_step",
            "order_step_kind",
            "kind IN ('payment', 'fulfilment', 'completion', 'cancellation') "
            "AND (kind = 'payment') = (amount_fen IS NOT NULL) AND coalesce(amount_fen, 0) >= 0",
        ),
        never_deleted("order_step"),
    ]
