"""Consent, and people's rights: published texts, what was said to them, requests, who was erased."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import about_members, append_only, check, never_deleted
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
    dependencies = [("core", "0018_merging_indexes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PrivacyText",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("purpose", fields.CharField(max_length=20)),
                ("version", fields.IntField()),
                ("zh", fields.TextField()),
                ("en", fields.TextField()),
                ("published_at", _at()),
            ],
            options={
                "table": "privacy_text",
                "app": "core",
                "unique_together": (("tenant_id", "purpose", "version"),),
                "pk_attr": "id",
                "table_description": "A text that members are asked to consent to. Never changed: another one is another version.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _to("Member", "member_id")),
                ("purpose", fields.CharField(max_length=20)),
                ("text", _to("PrivacyText", "text_id")),
                ("state", fields.CharField(max_length=12)),
                ("given_by", fields.CharField(max_length=12)),
                ("staff", _to("Staff", "staff_id", null=True)),
                ("guardian", fields.BinaryField(null=True)),
                ("scene", fields.CharField(default="", max_length=60)),
                ("address", fields.CharField(null=True, max_length=45)),
                ("agent", fields.CharField(null=True, max_length=120)),
                ("recorded_at", _at()),
            ],
            options={
                "table": "consent",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "member_id", "purpose", "recorded_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that was said to a text: given or withdrawn. Never changed; the latest one holds.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="SuppressedIdentity",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("purpose", fields.CharField(max_length=20)),
                ("digest", fields.BinaryField()),
                ("until", _at()),
                ("created_at", _at()),
            ],
            options={
                "table": "suppressed_identity",
                "app": "core",
                "unique_together": (("tenant_id", "purpose", "digest"),),
                "indexes": [Index(fields=["tenant_id", "until"])],
                "pk_attr": "id",
                "table_description": "A phone or card that no import may make a member of again, until then.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="RightsRequest",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _to("Member", "member_id")),
                ("kind", fields.CharField(max_length=12)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("note", fields.BinaryField(null=True)),
                ("answer", fields.BinaryField(null=True)),
                ("asked_at", _at()),
                ("due_on", fields.DateField()),
                ("acts_at", _at(null=True)),
                ("done_at", _at(null=True)),
                ("asked_by", _to("Staff", "asked_by_id", null=True)),
                ("done_by", _to("Staff", "done_by_id", null=True)),
            ],
            options={
                "table": "rights_request",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "member_id", "asked_at", "id"]),
                    Index(fields=["tenant_id", "state", "asked_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that a member asks for by right, due within fifteen working days.",
            },
            bases=["TenantModel"],
        ),
        check(
            "rights_request",
            "rights_request_kind",
            "kind IN ('access', 'correction', 'erasure')",
        ),
        check(
            "rights_request",
            "rights_request_state",
            "state IN ('open', 'done', 'refused', 'withdrawn') "
            "AND (state = 'open') = (done_at IS NULL)",
        ),
        never_deleted("rights_request"),
        check("privacy_text", "privacy_text_purpose", "purpose IN ('privacy', 'marketing')"),
        check("consent", "consent_state", "state IN ('given', 'withdrawn')"),
        check("consent", "consent_given_by", "given_by IN ('member', 'guardian', 'staff')"),
        append_only("privacy_text", "consent"),
        about_members("consent", "guardian", "address", "agent"),
    ]
