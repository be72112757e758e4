"""The words of orders for rules: the order, its lines, and a member's orders as facts."""

from shuke_core.access.permissions import ORDERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.members.rule_fields import MEMBER
from shuke_core.orders.life import OrderState
from shuke_core.rules.declare import (
    RuleFacts,
    RuleField,
    RuleLink,
    RuleSubject,
    column_field,
    linked_field,
)
from shuke_core.rules.registry import CORE, declare_rule_words
from shuke_core.rules.vocabulary import Label, ValueType

ORDER, LINE = "order", "line"
_NEEDS = (ORDERS_READ,)
_STATES: dict[OrderState, Label] = {
    OrderState.CREATED: {"zh": "待付款", "en": "placed"},
    OrderState.PAID: {"zh": "已付款", "en": "paid"},
    OrderState.FULFILLED: {"zh": "已交付", "en": "handed out"},
    OrderState.CANCELLED: {"zh": "已取消", "en": "cancelled"},
    OrderState.COMPLETED: {"zh": "已完成", "en": "completed"},
    OrderState.PARTLY_REFUNDED: {"zh": "部分退款", "en": "partly refunded"},
    OrderState.REFUNDED: {"zh": "已退款", "en": "refunded"},
}
_TO_STORE = RuleLink("order.to_store", ORDER, "store", "store_id")

declare_rule_words(
    CORE,
    RuleSubject(ORDER, {"zh": "订单", "en": "Order"}, "orders"),
    RuleSubject(LINE, {"zh": "订单行", "en": "Line of an order"}, "order_line"),
    RuleLink("order.to_member", ORDER, MEMBER, "member_id"),
    RuleLink("line.to_order", LINE, ORDER, "order_id"),
    _TO_STORE,
    RuleFacts(
        "member.orders",
        MEMBER,
        ORDER,
        "member_id",
        {"zh": "订单", "en": "orders"},
        # Purchases: what is placed, and not completed and paid for, does not count.
        where="this.completed_at is not null",
        keeps=lambda row: row["completed_at"] is not None,
        keeps_columns=("completed_at",),
        counter="笔",
        none={"zh": "未消费", "en": "no purchase"},
        sums={
            "order.total": {"zh": "累计消费", "en": "total spent"},
            "order.kept": {"zh": "累计实付", "en": "total spent after refunds"},
        },
        when="order.placed_at",
        needs=_NEEDS,
        index=("member_id", "placed_at"),
    ),
    RuleFacts(
        "order.lines",
        ORDER,
        LINE,
        "order_id",
        {"zh": "订单行", "en": "lines"},
        needs=_NEEDS,
        index=("order_id",),
    ),
    column_field(
        "order.placed_at",
        ValueType.TIME,
        {"zh": "下单时间", "en": "placed"},
        "placed_at",
        needs=_NEEDS,
    ),
    column_field(
        "order.business_day",
        ValueType.DATE,
        {"zh": "营业日", "en": "business day"},
        "business_day",
        needs=_NEEDS,
    ),
    column_field(
        "order.state",
        ValueType.CHOICE,
        {"zh": "订单状态", "en": "state of the order"},
        "state",
        choices={each.value: label for each, label in _STATES.items()},
        needs=_NEEDS,
    ),
    column_field(
        "order.source", ValueType.TEXT, {"zh": "渠道", "en": "channel"}, "source", needs=_NEEDS
    ),
    linked_field(
        "order.store",
        ValueType.STORE,
        {"zh": "门店", "en": "store of the order"},
        _TO_STORE,
        "store",
        "code",
        needs=_NEEDS,
    ),
    column_field(
        "order.total",
        ValueType.MONEY,
        {"zh": "订单金额", "en": "amount"},
        "total_fen",
        see=FieldClass.MONEY,
        needs=_NEEDS,
    ),
    column_field(
        "order.refunded",
        ValueType.MONEY,
        {"zh": "退款金额", "en": "refunded"},
        "refunded_fen",
        see=FieldClass.MONEY,
        needs=_NEEDS,
    ),
    RuleField(
        "order.kept",
        ORDER,
        ValueType.MONEY,
        {"zh": "实付金额", "en": "amount after refunds"},
        sql="(this.total_fen - this.refunded_fen)",
        read=lambda row: row["total_fen"] - row["refunded_fen"],
        columns=("total_fen", "refunded_fen"),
        see=FieldClass.MONEY,
        needs=_NEEDS,
    ),
    column_field("line.sku", ValueType.TEXT, {"zh": "商品编码", "en": "SKU"}, "sku", needs=_NEEDS),
    column_field(
        "line.name", ValueType.TEXT, {"zh": "商品名称", "en": "item"}, "name", needs=_NEEDS
    ),
    column_field(
        "line.quantity",
        ValueType.DECIMAL,
        {"zh": "数量", "en": "quantity"},
        "quantity",
        needs=_NEEDS,
    ),
    column_field(
        "line.amount",
        ValueType.MONEY,
        {"zh": "行金额", "en": "amount of the line"},
        "amount_fen",
        see=FieldClass.MONEY,
        needs=_NEEDS,
    ),
)
