"""Perks, which refer to tables of two other apps."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    initial = True
    dependencies = [("club", "0002_visits"), ("core", "0001_initial")]
    operations = [
        ops.CreateModel(
            name="Perk",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "club",
                    fields.ForeignKeyField(
                        "club.Club",
                        source_field="club_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.SET_NULL,
                        null=True,
                    ),
                ),
                ("kind", fields.CharField(max_length=20)),
                ("left", fields.IntField(default=1)),
                ("state", fields.CharField(default="active", max_length=12)),
            ],
            options={
                "table": "perk",
                "app": "perks",
                "constraints": [
                    UniqueConstraint(
                        fields=("tenant_id", "member_id", "kind"),
                        name="perk_is_unique",
                        condition="state = 'active'",
                    ),
                    CheckConstraint(check='"left" >= 0', name="perk_left_not_negative"),
                ],
                "pk_attr": "id",
                "table_description": "What a member may enjoy in a club; one of a kind at a time.",
            },
            bases=["TenantModel"],
        ),
    ]
