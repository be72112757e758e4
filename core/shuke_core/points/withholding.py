"""Orders that earn nothing: what they earned is counted elsewhere, as by the system before this."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch


async def withhold_points(order_ids: Sequence[UUID], reason: str) -> None:
    """Has these orders earn nothing, for good, also when somebody claims them. In the unit that records
    them: what an order has earned already it keeps."""
    if order_ids:
        await fetch(
            "INSERT INTO withheld_order (tenant_id, id, order_id, reason, withheld_at) "
            "SELECT $1, t.id, t.order_id, $2, $3 FROM unnest($4::uuid[], $5::uuid[]) "
            "AS t(id, order_id) ON CONFLICT (tenant_id, order_id) DO NOTHING",
            *(reason, clock.now(), [new_id() for _ in order_ids], list(order_ids)),
        )


async def withheld_of(order_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the orders that earn nothing."""
    rows = await fetch(
        "SELECT order_id FROM withheld_order WHERE tenant_id = $1 AND order_id = ANY ($2::uuid[])",
        list(order_ids),
    )
    return {row["order_id"] for row in rows}
