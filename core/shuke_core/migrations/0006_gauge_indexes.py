"""Dead letters are counted every few seconds: along an index of their own, made while others write."""

from tortoise import migrations

from shuke_core.database.operations import concurrent_index


class Migration(migrations.Migration):
    dependencies = [("core", "0005_traces")]

    initial = False
    atomic = False

    operations = [
        *concurrent_index("inbox_dead", "inbox", ["tenant_id"], "state = 'dead'"),
        *concurrent_index("parked_event_dead", "parked_event", ["tenant_id"], "state = 'dead'"),
    ]
