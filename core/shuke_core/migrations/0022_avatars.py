"""Pictures of members: whose a file is, who has sent it, and which one a member shows."""

from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


def _uuid() -> Any:
    field: Any = fields.UUIDField
    return field(null=True)


class Migration(migrations.Migration):
    dependencies = [("core", "0021_life")]

    initial = False

    operations = [
        ops.AddField(model_name="Member", name="avatar", field=_uuid()),
        ops.AddField(model_name="File", name="member_id", field=_uuid()),
        ops.AddField(model_name="File", name="uploaded_by", field=_uuid()),
        ops.AddIndex(model_name="File", index=Index(fields=["tenant_id", "member_id"])),
        ops.AddIndex(model_name="File", index=Index(fields=["tenant_id", "uploaded_by"])),
    ]
