"""Tables of orders: the order, its lines, and refunds with theirs."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.tenants.models import Store


class Order(TenantModel):
    """A purchase as its source tells it. Amounts are integer fen; `version` grows with each change.

    The same ticket number may recur in another store or on another business day, never within
    one: (source, store, external_no, business_day) is the order's business identity. `receipt` is
    a digest of the code by which an order of nobody's is claimed, `campaign_id` the campaign that it was
    made in, as far as its source says.
    """

    source = fields.CharField(max_length=40)
    store: fields.ForeignKeyRelation[Store] = fields.ForeignKeyField(
        "core.Store", related_name=False, on_delete=fields.RESTRICT
    )
    store_id: UUID
    external_no = fields.CharField(max_length=64)
    business_day: date = fields.DateField()
    member: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    member_id: UUID | None
    state = fields.CharField(max_length=20, default="completed")
    total_fen = fields.BigIntField()
    refunded_fen = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    placed_at: datetime = fields.DatetimeField()
    received_at: datetime = fields.DatetimeField()
    recorded_at: datetime = fields.DatetimeField()
    version = fields.IntField(default=1)
    receipt = fields.BinaryField(null=True)
    campaign_id: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "orders"
        unique_together: ClassVar = (
            ("tenant_id", "source", "store_id", "external_no", "business_day"),
        )
        indexes: ClassVar = (
            ("tenant_id", "member_id", "placed_at", "id"),
            ("tenant_id", "source", "external_no"),
            ("tenant_id", "receipt"),
        )


class OrderLine(TenantModel):
    """One line of an order; `quantity` may be fractional (weighed goods).

    What the catalogue says of the item of `sku` is copied when the line is recorded, and stays: its
    price, the path of its category and what that was called. Null where the sku is no item's.
    """

    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "core.Order", related_name=False, on_delete=fields.CASCADE
    )
    order_id: UUID
    line_no = fields.IntField()
    sku = fields.CharField(max_length=64, null=True)
    name = fields.CharField(max_length=200)
    quantity: Decimal = fields.DecimalField(max_digits=12, decimal_places=3)
    amount_fen = fields.BigIntField()
    item_price_fen = fields.BigIntField(null=True)
    category_path = fields.CharField(max_length=192, null=True)
    category_name = fields.CharField(max_length=60, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "order_line"
        unique_together: ClassVar = (("tenant_id", "order_id", "line_no"),)


class Refund(TenantModel):
    """Money given back. A refund that comes before its sale waits for it, without an order."""

    source = fields.CharField(max_length=40)
    store: fields.ForeignKeyRelation[Store] = fields.ForeignKeyField(
        "core.Store", related_name=False, on_delete=fields.RESTRICT
    )
    store_id: UUID
    external_no = fields.CharField(max_length=64)
    business_day: date = fields.DateField()
    order: fields.ForeignKeyNullableRelation[Order] = fields.ForeignKeyField(
        "core.Order", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    order_id: UUID | None
    refunds_no = fields.CharField(max_length=64)
    refunds_day: date | None = fields.DateField(null=True)
    state = fields.CharField(max_length=12, default="waiting")
    total_fen = fields.BigIntField()
    refunded_at: datetime = fields.DatetimeField()
    recorded_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "refund"
        unique_together: ClassVar = (
            ("tenant_id", "source", "store_id", "external_no", "business_day"),
        )
        indexes: ClassVar = (
            ("tenant_id", "order_id"),
            ("tenant_id", "source", "refunds_no", "state"),
        )


class RefundLine(TenantModel):
    """What of the refund falls on which line of the order."""

    refund: fields.ForeignKeyRelation[Refund] = fields.ForeignKeyField(
        "core.Refund", related_name=False, on_delete=fields.CASCADE
    )
    refund_id: UUID
    line_no = fields.IntField()
    amount_fen = fields.BigIntField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "refund_line"
        unique_together: ClassVar = (("tenant_id", "refund_id", "line_no"),)
