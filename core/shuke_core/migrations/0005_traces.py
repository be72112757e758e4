"""Trace context beside messages and events, and what the operator's gauges read."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.operations import RunSQL

from shuke_core.database.roles import DISPATCH


class Migration(migrations.Migration):
    dependencies = [("core", "0004_staff")]

    initial = False

    operations = [
        ops.AddField(
            model_name="InboxMessage",
            name="trace",
            field=fields.CharField(null=True, max_length=55),
        ),
        RunSQL(
            "ALTER TABLE event ADD COLUMN trace varchar(55);",
            "ALTER TABLE event DROP COLUMN trace;",
        ),
        # How long the oldest event has waited for its position: the age, nothing of what happened.
        RunSQL(
            f"GRANT SELECT (recorded_at) ON event TO {DISPATCH};",
            f"REVOKE SELECT (recorded_at) ON event FROM {DISPATCH};",
        ),
    ]
