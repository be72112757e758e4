"""What a program outside has told is recorded once, by the name that it has there."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.database.operations import check


class Migration(migrations.Migration):
    dependencies = [("core", "0011_exports")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Interaction",
            name="source",
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddField(
            model_name="Interaction",
            name="external_no",
            field=fields.CharField(null=True, max_length=120),
        ),
        check(
            "interaction",
            "interaction_from_outside",
            "(source IS NULL) = (external_no IS NULL)",
        ),
        ops.AddConstraint(
            model_name="Interaction",
            constraint=UniqueConstraint(
                fields=("tenant_id", "source", "external_no"),
                name="interaction_is_told_once",
                condition="external_no IS NOT NULL",
            ),
        ),
    ]
