"""What the worker does for orders: bring them and what was told of them together where they missed each
other."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.orders.events import OrderCompleted, OrderCreated, RefundWaiting, StepWaiting
from shuke_core.orders.matching import match_waiting

_PLACED = (OrderCreated.type, OrderCompleted.type)


async def bring_together(events: Sequence[Event]) -> None:
    """Looks once more, now that the units which recorded these are committed."""

    def ids(key: str, *types: str) -> list[UUID]:
        return [UUID(e.payload[key]) for e in events if e.type in types]

    await match_waiting(
        ids("order_id", *_PLACED),
        ids("refund_id", RefundWaiting.type),
        ids("step_id", StepWaiting.type),
    )


register_reaction(
    Reaction(
        "orders.match_refunds",
        frozenset({*_PLACED, RefundWaiting.type, StepWaiting.type}),
        bring_together,
    )
)
