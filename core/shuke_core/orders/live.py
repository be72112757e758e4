"""What of orders can be watched live: by a member their own, by staff those of every store."""

from shuke_core.live.topics import Topic, declare_topic
from shuke_core.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderFulfilled,
    OrderNowClaimed,
    OrderPaid,
    OrderRefunded,
)

ORDERS = declare_topic(
    Topic(
        "orders",
        frozenset(
            {
                OrderCreated.type,
                OrderPaid.type,
                OrderFulfilled.type,
                OrderCompleted.type,
                OrderCancelled.type,
                OrderNowClaimed.type,
                OrderRefunded.type,
            }
        ),
        key="member_id",
        row=("orders", "order_id"),
    )
)
