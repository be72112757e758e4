"""Tables of retail: what each member bought through which channel, and what items are like."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.plugin_api import TenantModel


class ChannelPurchases(TenantModel):
    """A member's purchases through one channel so far; kept up by the worker, order by order."""

    member: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.CASCADE
    )
    member_id: UUID
    source = fields.CharField(max_length=40)
    orders = fields.IntField()
    spent_fen = fields.BigIntField()
    last_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "retail_channel_purchases"
        unique_together: ClassVar = (("tenant_id", "member_id", "source"),)


class RetailItem(TenantModel):
    """What retail knows of an item besides."""

    item: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "core.Item", related_name=False, on_delete=fields.CASCADE
    )
    item_id: UUID
    brand = fields.CharField(max_length=60, null=True)
    barcode = fields.CharField(max_length=32, null=True)
    spec = fields.CharField(max_length=120, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "retail_item"
        unique_together: ClassVar = (("tenant_id", "item_id"),)
