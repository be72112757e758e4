"""Orders of nobody's can be claimed by the code on their receipt, of which a keyed digest is kept."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("core", "0026_mends")]

    initial = False

    operations = [
        ops.AddField(model_name="Order", name="receipt", field=fields.BinaryField(null=True)),
        ops.AddIndex(model_name="Order", index=Index(fields=["tenant_id", "receipt"])),
    ]
