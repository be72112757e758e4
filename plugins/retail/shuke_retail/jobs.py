"""What the worker does for retail: keep purchases by channel up to date."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.plugin_api import (
    Event,
    MemberAgeChanged,
    OrderCompleted,
    OrderNowClaimed,
    OrderRefunded,
    Reaction,
)
from shuke_retail.purchases import count_purchases


async def count(events: Sequence[Event]) -> None:
    """Counts anew for every member who bought, claimed or gave back something, or has turned out to be
    a child, or none."""
    await count_purchases(
        [UUID(e.payload["member_id"]) for e in events if e.payload["member_id"] is not None]
    )


COUNT_PURCHASES = Reaction(
    "retail.count_purchases",
    frozenset(
        {OrderCompleted.type, OrderNowClaimed.type, OrderRefunded.type, MemberAgeChanged.type}
    ),
    count,
    plugin="retail",
)
