"""Erasures that fail: how often, so that one of them does not keep the others waiting."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("core", "0019_consents")]

    initial = False

    operations = [
        ops.AddField(
            model_name="RightsRequest",
            name="attempts",
            field=fields.SmallIntField(db_default=0),
        ),
    ]
