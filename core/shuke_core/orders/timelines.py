"""Orders in a member's timeline."""

from shuke_core.access.permissions import ORDERS_READ
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(
        MomentKind.ORDER,
        ORDERS_READ,
        "orders",
        "placed_at",
        what="this.state",
        ref="this.external_no",
        fen="this.total_fen",
        currency="this.currency",
    )
)
