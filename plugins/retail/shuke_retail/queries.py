"""What the API shows of purchases over all channels and of items, and where it comes from."""

from datetime import datetime

from shuke_core.plugin_api import (
    FieldClass,
    Item,
    Long,
    Member,
    Projection,
    column,
    inline,
    many,
    one,
    sql,
)

_OF_THE_MEMBER = (
    "from retail_channel_purchases p where p.tenant_id = :tenant and p.member_id = this.id"
)


class RetailChannel(Projection, table="retail_channel_purchases"):
    """What a member bought through one channel, after refunds."""

    source: str
    orders: int
    spent_fen: Long = column("spent_fen", see=FieldClass.MONEY)
    last_at: datetime


class RetailMember(Projection, table="member"):
    """A member's purchases over all channels."""

    orders: int = sql(f"(select coalesce(sum(p.orders), 0)::int {_OF_THE_MEMBER})")
    spent_fen: Long = sql(
        f"(select coalesce(sum(p.spent_fen), 0)::int8 {_OF_THE_MEMBER})", see=FieldClass.MONEY
    )
    channels: list[RetailChannel] = many(
        "this.member_id = parent.id", order="this.last_at desc, this.source, this.id"
    )


class RetailFields(Projection, joins=Member):
    """What retail adds to a member."""

    retail: RetailMember | None = inline()


class RetailItem(Projection, table="retail_item"):
    """What retail knows of an item besides."""

    brand: str | None
    barcode: str | None
    spec: str | None


class RetailItemFields(Projection, joins=Item):
    """What retail adds to an item."""

    retail: RetailItem | None = one("this.item_id = parent.id")
