"""Members become people: visitors, merged and erased ones, what they say of themselves."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shuke_core.database.operations import about_members, check


class Migration(migrations.Migration):
    dependencies = [("core", "0012_interaction_sources")]

    initial = False

    operations = [
        *(
            ops.AddField(model_name="Member", name=name, field=field)
            for name, field in (
                ("nickname", fields.CharField(null=True, max_length=60)),
                ("gender", fields.CharField(null=True, max_length=8)),
                ("birthday", fields.DateField(null=True)),
                ("region", fields.CharField(null=True, max_length=6)),
                ("version", fields.IntField(default=1, db_default=1)),
            )
        ),
        ops.AddField(
            model_name="Member",
            name="merged_into",
            field=fields.ForeignKeyField(
                "core.Member",
                source_field="merged_into_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AlterModelOptions(
            name="Member",
            options={
                "pk_attr": "id",
                "table_description": "A member (会员). In the clear stand the masked phone and what staff search and choose by.",
            },
        ),
        ops.AddIndex(model_name="Member", index=Index(fields=["tenant_id", "merged_into_id"])),
        ops.AddIndex(model_name="Member", index=Index(fields=["tenant_id", "birthday", "name"])),
        check("member", "member_state", "state IN ('visitor', 'active', 'merged', 'erased')"),
        check("member", "member_merged", "(state = 'merged') = (merged_into_id IS NOT NULL)"),
        check("member", "member_gender", "gender IN ('female', 'male', 'other')"),
        check("member", "member_region", "region ~ '^[0-9]{6}$'"),
        about_members("assignment", "reason"),
        about_members("interaction"),
    ]
