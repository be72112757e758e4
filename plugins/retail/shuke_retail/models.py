"""Tables of retail: what each member bought through which channel."""

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
