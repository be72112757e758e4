"""The tenant's earning rule, as versions that are never changed once they have been used."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class EarningRule(TenantModel):
    """Points per yuan and how long they live; the newest version in force rates new orders.

    Entries name the version they were rated by, so that a refund takes back by the same rate. Where a
    version is of a campaign (`campaign_id`), what it rates is of that campaign.
    """

    version = fields.IntField()
    points_per_yuan: Decimal = fields.DecimalField(max_digits=8, decimal_places=3)
    expires_after_days = fields.IntField(null=True)
    valid_from: datetime = fields.DatetimeField()
    campaign_id: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "earning_rule"
        unique_together: ClassVar = (("tenant_id", "version"),)
