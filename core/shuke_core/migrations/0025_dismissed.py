"""Pairs of members that staff have found to be two people."""

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


def _states(known: str) -> str:
    return (
        "ALTER TABLE merge_candidate DROP CONSTRAINT merge_candidate_state;"
        "ALTER TABLE merge_candidate ADD CONSTRAINT merge_candidate_state CHECK "
        f"(state IN ({known}) AND (state = 'closed') = (closed_by_id IS NOT NULL));"
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0024_catalog")]

    initial = False

    operations = [
        RunSQL(
            _states("'open', 'closed', 'dismissed'"),
            "DELETE FROM merge_candidate WHERE state = 'dismissed';" + _states("'open', 'closed'"),
        ),
    ]
