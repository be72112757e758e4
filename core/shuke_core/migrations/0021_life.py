"""Erasures that fail: how often. Tenants that were suspended: from when until when."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


def _moment() -> Any:
    field: Any = fields.DatetimeField
    return field(null=True, auto_now=False, auto_now_add=False)


class Migration(migrations.Migration):
    dependencies = [("core", "0020_following")]

    initial = False

    operations = [
        ops.AddField(
            model_name="RightsRequest",
            name="attempts",
            field=fields.SmallIntField(db_default=0),
        ),
        ops.AddField(model_name="Tenant", name="rested_from", field=_moment()),
        ops.AddField(model_name="Tenant", name="rested_until", field=_moment()),
    ]
