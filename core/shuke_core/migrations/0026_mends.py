"""Places of categories have a bound: one too large left no room for a sibling behind it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from shuke_core.database.operations import check


class Migration(migrations.Migration):
    dependencies = [("core", "0025_dismissed")]

    initial = False

    operations: list[ops.Operation] = [
        check("category", "category_place", "place BETWEEN 0 AND 1000000"),
    ]
