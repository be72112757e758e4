"""What the worker does for points: react to orders and refunds, let lots lapse each night."""

from collections.abc import Sequence

from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.kit.ids import new_id
from shuke_core.orders.events import OrderCompleted, OrderNowClaimed, OrderRefunded
from shuke_core.points.services import earn_for_orders, let_lapse, take_back_for_refunds
from shuke_core.worker.schedules import Schedule, register_schedule

_EARN = (OrderCompleted.type, OrderNowClaimed.type)


async def rate_orders(events: Sequence[Event]) -> None:
    """Sales and claims before refunds: a refund's always has an earlier position.

    What is no purchase yet is rated when it is one, and what was nobody's when it is claimed: both are
    told again then, with what was refunded before.
    """
    # Events that were announced before orders had a life say nothing of it.
    counting = [e for e in events if e.payload.get("counts", True)]
    await earn_for_orders([e.payload for e in counting if e.type in _EARN])
    await take_back_for_refunds(
        [e.payload for e in counting if e.type == OrderRefunded.type and e.payload["member_id"]]
    )


async def let_points_lapse() -> bool:
    """Five hundred accounts a step; one run makes up for nights that were missed."""
    return await let_lapse(new_id()) > 0


register_reaction(
    Reaction("points.rate_orders", frozenset({*_EARN, OrderRefunded.type}), rate_orders)
)
register_schedule(Schedule("points.let_points_lapse", hour=0, minute=5, run=let_points_lapse))
