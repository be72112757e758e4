"""The words of retail for rules: purchases over all channels, and the channels as facts."""

from shuke_core.plugin_api import (
    FieldClass,
    RuleFacts,
    RuleField,
    RuleSubject,
    ValueType,
    column_field,
    rows_of,
)
from shuke_retail.permissions import PURCHASES_READ

_CHANNELS = "retail.channels"
_OF_THE_MEMBER = (
    "from retail_channel_purchases p where p.tenant_id = :tenant and p.member_id = this.id"
)
_NEEDS = (PURCHASES_READ,)

WORDS: tuple[RuleSubject | RuleField | RuleFacts, ...] = (
    RuleSubject("retail.channel", {"zh": "消费渠道", "en": "Channel"}, "retail_channel_purchases"),
    RuleFacts(
        _CHANNELS,
        "member",
        "retail.channel",
        "member_id",
        {"zh": "消费渠道", "en": "channels"},
        counter="个",
        none={"zh": "无渠道消费", "en": "no purchase through any channel"},
        when="retail.channel.last_at",
        needs=_NEEDS,
        index=("member_id",),
    ),
    RuleField(
        "retail.spent",
        "member",
        ValueType.MONEY,
        {"zh": "全渠道实付", "en": "spent over all channels"},
        sql=f"(select coalesce(sum(p.spent_fen), 0)::int8 {_OF_THE_MEMBER})",
        read=lambda row: sum(each["spent_fen"] for each in rows_of(row, _CHANNELS)),
        facts=(_CHANNELS,),
        beside=("spent_fen",),
        see=FieldClass.MONEY,
        needs=_NEEDS,
    ),
    RuleField(
        "retail.orders",
        "member",
        ValueType.NUMBER,
        {"zh": "全渠道订单数", "en": "orders over all channels"},
        sql=f"(select coalesce(sum(p.orders), 0)::int8 {_OF_THE_MEMBER})",
        read=lambda row: sum(each["orders"] for each in rows_of(row, _CHANNELS)),
        facts=(_CHANNELS,),
        beside=("orders",),
        needs=_NEEDS,
    ),
    column_field(
        "retail.channel.source",
        ValueType.TEXT,
        {"zh": "渠道", "en": "channel"},
        "source",
        needs=_NEEDS,
    ),
    column_field(
        "retail.channel.orders",
        ValueType.NUMBER,
        {"zh": "该渠道订单数", "en": "orders through the channel"},
        "orders",
        needs=_NEEDS,
    ),
    column_field(
        "retail.channel.spent",
        ValueType.MONEY,
        {"zh": "该渠道实付", "en": "spent through the channel"},
        "spent_fen",
        see=FieldClass.MONEY,
        needs=_NEEDS,
    ),
    column_field(
        "retail.channel.last_at",
        ValueType.TIME,
        {"zh": "该渠道最近消费", "en": "last purchase through the channel"},
        "last_at",
        needs=_NEEDS,
    ),
)
