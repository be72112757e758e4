"""The table that reveals are counted in."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.staff.models import Staff


class Reveal(TenantModel):
    """Somebody was shown a plain value. Of whom and why is in the audit; here it is only counted,
    without the member, so that the count stays whole for who sees some members only."""

    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    revealed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "reveal"
        indexes: ClassVar = (
            ("tenant_id", "staff_id", "revealed_at"),
            ("tenant_id", "revealed_at"),
        )
