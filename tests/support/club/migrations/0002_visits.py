"""Visits, and two more fields of clubs: one refers to a table that is there already."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    dependencies = [("club", "0001_initial"), ("core", "0001_initial")]
    operations = [
        ops.AddField(
            model_name="Club",
            name="host",
            field=fields.ForeignKeyField(
                "core.Member",
                source_field="host_id",
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.SET_NULL,
                null=True,
            ),
        ),
        ops.AddField(
            model_name="Club", name="place", field=fields.CharField(null=True, max_length=40)
        ),
        ops.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "club",
                    fields.ForeignKeyField(
                        "club.Club",
                        source_field="club_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "club_visit",
                "app": "club",
                "indexes": [Index(fields=["tenant_id", "club_id"])],
                "pk_attr": "id",
                "table_description": "A visit of a member to a club.",
            },
            bases=["TenantModel"],
        ),
    ]
