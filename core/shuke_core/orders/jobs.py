"""What the worker does for orders: bring sales and refunds together that missed each other."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.orders.events import OrderCompleted, RefundWaiting
from shuke_core.orders.matching import match_refunds


async def bring_together(events: Sequence[Event]) -> None:
    """Looks once more, now that the units which recorded these are committed."""
    await match_refunds(
        [UUID(e.payload["order_id"]) for e in events if e.type == OrderCompleted.type],
        [UUID(e.payload["refund_id"]) for e in events if e.type == RefundWaiting.type],
    )


register_reaction(
    Reaction(
        "orders.match_refunds",
        frozenset({OrderCompleted.type, RefundWaiting.type}),
        bring_together,
    )
)
