"""WeChat: mini-programs with their access tokens, and claims of phones."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

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
    dependencies = [("core", "0013_people")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MiniProgram",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("app_id", fields.CharField(max_length=40)),
                ("sealed", fields.BinaryField()),
                ("state", fields.CharField(default="on", max_length=12)),
                ("inactive_months", fields.SmallIntField(default=12)),
                ("created_at", _at()),
                ("changed_at", _at()),
            ],
            options={
                "table": "mini_program",
                "app": "core",
                "unique_together": (("tenant_id", "app_id"),),
                "pk_attr": "id",
                "table_description": "A mini-program of the tenant; its secret is sealed. state: on, off.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="WechatToken",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("mini_program", _to("MiniProgram", "mini_program_id", OnDelete.CASCADE)),
                ("sealed", fields.BinaryField(null=True)),
                ("refresh_at", _at(null=True)),
                ("expires_at", _at(null=True)),
                ("leased_by", fields.UUIDField(null=True)),
                ("leased_until", _at(null=True)),
            ],
            options={
                "table": "wechat_token",
                "app": "core",
                "unique_together": (("tenant_id", "mini_program_id"),),
                "pk_attr": "id",
                "table_description": "The access token of a mini-program, sealed; null before the first one.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="PhoneClaim",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _to("Member", "member_id", OnDelete.RESTRICT)),
                ("holder_id", fields.UUIDField()),
                ("reason", fields.CharField(max_length=12)),
                ("digest", fields.BinaryField()),
                ("sealed", fields.BinaryField()),
                ("phone_masked", fields.CharField(max_length=24)),
                ("state", fields.CharField(default="waiting", max_length=12)),
                ("claimed_at", _at()),
                ("decided_at", _at(null=True)),
                ("decided_by", _to("Staff", "decided_by_id", OnDelete.RESTRICT, null=True)),
            ],
            options={
                "table": "phone_claim",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "state", "claimed_at", "id"]),
                    Index(fields=["tenant_id", "holder_id"]),
                ],
                "constraints": [
                    UniqueConstraint(
                        fields=("tenant_id", "member_id", "digest"),
                        name="phone_claim_waits_once",
                        condition="state = 'waiting'",
                    )
                ],
                "pk_attr": "id",
                "table_description": "Somebody has a phone, WeChat says, by which somebody else (`holder`) is known: staff decide.",
            },
            bases=["TenantModel"],
        ),
        check("mini_program", "mini_program_state", "state IN ('on', 'off')"),
        check("mini_program", "mini_program_months", "inactive_months BETWEEN 1 AND 120"),
        check(
            "wechat_token",
            "wechat_token_whole",
            "num_nulls(sealed, refresh_at, expires_at) IN (0, 3)",
        ),
        check("wechat_token", "wechat_token_lease", "(leased_by IS NULL) = (leased_until IS NULL)"),
        check("phone_claim", "phone_claim_reason", "reason IN ('inactive', 'in_use', 'taken')"),
        check(
            "phone_claim", "phone_claim_state", "state IN ('waiting', 'same', 'other', 'settled')"
        ),
        check("phone_claim", "phone_claim_decided", "(state = 'waiting') = (decided_at IS NULL)"),
        check("phone_claim", "phone_claim_of_two", "member_id <> holder_id"),
    ]
