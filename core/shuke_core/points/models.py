"""Tables of points: the earning rule in its versions, and orders that earn nothing."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.orders.models import Order


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


class WithheldOrder(TenantModel):
    """An order that earns nothing, whoever claims it and whenever: its points are counted elsewhere.

    Written in the commit that records the order, so that no reaction can be quicker.
    """

    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "core.Order", related_name=False, on_delete=fields.CASCADE
    )
    order_id: UUID
    reason = fields.CharField(max_length=60)
    withheld_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "withheld_order"
        unique_together: ClassVar = (("tenant_id", "order_id"),)
