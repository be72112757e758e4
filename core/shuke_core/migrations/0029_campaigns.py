"""Campaigns, who took part in them, and what of points and orders is theirs."""

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


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _tenant() -> Any:
    return fields.UUIDField(default=current_tenant)


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


class Migration(migrations.Migration):
    dependencies = [("core", "0028_order_life")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Campaign",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("code", fields.CharField(max_length=40)),
                ("name_zh", fields.CharField(max_length=60)),
                ("name_en", fields.CharField(max_length=60)),
                ("goal", fields.CharField(default="", max_length=500)),
                ("state", fields.CharField(default="draft", max_length=12)),
                ("version", fields.IntField(default=1)),
                ("starts_at", _at()),
                ("ends_at", _at()),
                ("audience", _to("RuleVersion", "audience_id", null=True)),
                ("channels", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("places", fields.IntField(null=True)),
                ("budget_points", fields.BigIntField(null=True)),
                ("reward_points", fields.BigIntField(default=0)),
                ("per_member", fields.IntField(default=1)),
                ("joined", fields.IntField(default=0)),
                ("spent_points", fields.BigIntField(default=0)),
                ("submitted_by", _to("Staff", "submitted_by_id", null=True)),
                ("approved_by", _to("Staff", "approved_by_id", null=True)),
                ("approved_at", _at(null=True)),
                ("rejected_because", fields.CharField(default="", max_length=200)),
                ("created_at", _at()),
                ("changed_at", _at()),
            ],
            options={
                "table": "campaign",
                "app": "core",
                "unique_together": (("tenant_id", "code"),),
                "indexes": [
                    Index(fields=["tenant_id", "created_at", "id"]),
                    Index(fields=["tenant_id", "state", "ends_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "What a tenant offers in [starts_at, ends_at). `version` counts what staff changed.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Participation",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("campaign", _to("Campaign", "campaign_id")),
                ("member", _to("Member", "member_id")),
                ("kind", fields.CharField(max_length=12)),
                ("times", fields.IntField(default=1)),
                ("points", fields.BigIntField(default=0)),
                ("first_at", _at()),
                ("last_at", _at()),
            ],
            options={
                "table": "campaign_participation",
                "app": "core",
                "unique_together": (("tenant_id", "member_id", "campaign_id", "kind"),),
                "indexes": [
                    Index(fields=["tenant_id", "campaign_id", "kind", "first_at", "id"]),
                    Index(fields=["tenant_id", "member_id", "first_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "That a member saw a campaign, joined it or was rewarded: one row each, with how often.",
            },
            bases=["TenantModel"],
        ),
        # Ids of campaigns, which are never deleted; no foreign key, as of rules: a hot write pays nothing.
        *(
            ops.AddField(model_name=model, name="campaign_id", field=fields.UUIDField(null=True))
            for model in ("Entry", "EarningRule", "Order")
        ),
        *(
            ops.RunSQL(
                f"CREATE INDEX {table}_of_campaign ON {table} (tenant_id, campaign_id, {column}) "
                "WHERE campaign_id IS NOT NULL;",
                f"DROP INDEX {table}_of_campaign;",
            )
            for table, column in (("ledger_entry", "happened_at"), ("orders", "placed_at"))
        ),
        check(
            "campaign",
            "campaign_state",
            "state IN ('draft', 'submitted', 'approved', 'paused', 'cancelled') "
            "AND jsonb_typeof(channels) = 'array'",
        ),
        # What is used never passes its bound, whoever writes.
        check(
            "campaign",
            "campaign_bounds",
            "ends_at > starts_at AND version >= 1 AND per_member >= 1 AND reward_points >= 0 "
            "AND joined >= 0 AND spent_points >= 0 AND (places IS NULL OR joined <= places) "
            "AND (budget_points IS NULL OR spent_points <= budget_points)",
        ),
        check(
            "campaign_participation",
            "campaign_participation_kind",
            "kind IN ('seen', 'joined', 'rewarded') AND times >= 1 AND points >= 0 "
            "AND (points > 0) = (kind = 'rewarded')",
        ),
        never_deleted("campaign"),
    ]
