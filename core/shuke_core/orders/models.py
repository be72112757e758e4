"""Tables of orders: the order, its lines, what else was told of it, and refunds with their lines."""

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
    made in, as far as its source says. What is `told_whole` was paid for and handed out when it was told.
    From `paid_fen` on to `contradiction` everything follows from what was told (`life.standing`);
    `completed_at` is there when it counts as a purchase.
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
    told_whole = fields.BooleanField(default=True, db_default=True)
    total_fen = fields.BigIntField()
    paid_fen = fields.BigIntField(db_default=0)
    refunded_fen = fields.BigIntField(default=0)
    fulfilled_at: datetime | None = fields.DatetimeField(null=True)
    completed_at: datetime | None = fields.DatetimeField(null=True)
    cancelled_at: datetime | None = fields.DatetimeField(null=True)
    contradiction = fields.CharField(max_length=30, null=True)
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
            ("tenant_id", "placed_at", "id"),
            ("tenant_id", "state", "placed_at", "id"),
        )


class OrderStep(TenantModel):
    """Something that was told of an order beside its refunds: a payment, or that it was handed out,
    completed or cancelled. It is kept as it came; before its order it waits, without one.

    (source, store, kind, external_no, business_day) is its business identity. `channel` is the source
    of the order it is about, `order_no` that one's number, `order_day` its day if it was named.
    """

    source = fields.CharField(max_length=40)
    store: fields.ForeignKeyRelation[Store] = fields.ForeignKeyField(
        "core.Store", related_name=False, on_delete=fields.RESTRICT
    )
    store_id: UUID
    kind = fields.CharField(max_length=12)
    external_no = fields.CharField(max_length=64)
    business_day: date = fields.DateField()
    order: fields.ForeignKeyNullableRelation[Order] = fields.ForeignKeyField(
        "core.Order", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    order_id: UUID | None
    channel = fields.CharField(max_length=40)
    order_no = fields.CharField(max_length=64)
    order_day: date | None = fields.DateField(null=True)
    amount_fen: int | None = fields.BigIntField(null=True)
    method = fields.CharField(max_length=20, null=True)
    happened_at: datetime = fields.DatetimeField()
    recorded_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "order_step"
        unique_together: ClassVar = (
            ("tenant_id", "source", "store_id", "kind", "external_no", "business_day"),
        )
        indexes: ClassVar = (
            ("tenant_id", "order_id", "happened_at", "id"),
            ("tenant_id", "channel", "order_no"),
        )


class OrderLine(TenantModel):
    """One line of an order; `quantity` may be fractional (weighed goods).

    `amount_fen` is what is paid for it, `discounts` what was taken off before, in fen by where it came
    from (`rules.DiscountSource`). What the catalogue says of the item of `sku` is copied when the line is
    recorded, and stays: its price, the path of its category and what that was called. Null where the sku
    is no item's.
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
    discounts: dict[str, int] | None = fields.JSONField(null=True)
    item_price_fen = fields.BigIntField(null=True)
    category_path = fields.CharField(max_length=192, null=True)
    category_name = fields.CharField(max_length=60, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "order_line"
        unique_together: ClassVar = (("tenant_id", "order_id", "line_no"),)


class Refund(TenantModel):
    """Money given back. A refund that comes before its sale waits for it, without an order.

    `channel` is the source of the order it is about. Of an exchange `exchanged_for` is the number of the
    order that its worth pays for.
    """

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
    channel = fields.CharField(max_length=40, db_default="")
    exchanged_for = fields.CharField(max_length=64, null=True)
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
            ("tenant_id", "channel", "refunds_no", "state"),
        )


class RefundLine(TenantModel):
    """What of the refund falls on which line of the order."""

    refund: fields.ForeignKeyRelation[Refund] = fields.ForeignKeyField(
        "core.Refund", related_name=False, on_delete=fields.CASCADE
    )
    refund_id: UUID
    line_no = fields.IntField()
    amount_fen = fields.BigIntField()
    quantity: Decimal | None = fields.DecimalField(max_digits=12, decimal_places=3, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "refund_line"
        unique_together: ClassVar = (("tenant_id", "refund_id", "line_no"),)
