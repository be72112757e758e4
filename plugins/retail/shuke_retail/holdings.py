"""What retail holds of a member: purchases by channel, which are counted from their orders."""

from uuid import UUID

from shuke_core.plugin_api import Holding, OnErase, OnMerge, fetch
from shuke_retail.purchases import count_purchases


async def _count_both(_: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """Their orders have moved already. A channel in which somebody has none left is not theirs. Where
    nothing was counted, since retail has never been on, nothing is."""
    both = [survivor_id, absorbed_id]
    if not await fetch(
        "SELECT id FROM retail_channel_purchases WHERE tenant_id = $1 "
        "AND member_id = ANY ($2::uuid[]) LIMIT 1",
        both,
    ):
        return
    await fetch(
        "DELETE FROM retail_channel_purchases p WHERE p.tenant_id = $1 "
        "AND p.member_id = ANY ($2::uuid[]) AND NOT EXISTS (SELECT FROM orders o "
        "WHERE o.tenant_id = $1 AND o.member_id = p.member_id AND o.source = p.source "
        "AND o.completed_at IS NOT NULL)",
        both,
    )
    await count_purchases(both)


PURCHASES = Holding(
    "retail_channel_purchases",
    {"zh": "各渠道消费", "en": "Purchases by channel"},
    OnMerge.OWN,
    OnErase.GOES,
    shows={
        "channel": "this.source",
        "orders": "this.orders",
        "spentFen": "this.spent_fen",
        "lastAt": "this.last_at",
    },
    merge=_count_both,
    unmerge=_count_both,
)
