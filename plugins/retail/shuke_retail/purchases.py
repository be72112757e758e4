"""A member's purchases by channel: counted anew from the orders."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.plugin_api import fetch, hold_members, may_have_traits, new_id


async def count_purchases(member_ids: Sequence[UUID]) -> None:
    """Counts these members' purchases anew, so that seeing an order twice changes nothing. Who was
    merged meanwhile is counted as who they are now. Of children nothing is counted
    nor kept."""
    everybody = set((await hold_members(member_ids)).values())
    members = sorted(await may_have_traits(everybody))
    if children := sorted(everybody - set(members)):
        await fetch(
            "DELETE FROM retail_channel_purchases WHERE tenant_id = $1 "
            "AND member_id = ANY ($2::uuid[])",
            children,
        )
    counted = await fetch(
        "SELECT member_id, source, count(*)::int AS orders, "
        "sum(total_fen - refunded_fen)::bigint AS spent_fen, max(placed_at) AS last_at "
        "FROM orders WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[]) "
        "AND completed_at IS NOT NULL "
        "GROUP BY member_id, source ORDER BY member_id, source",
        members,
    )
    await fetch(
        "INSERT INTO retail_channel_purchases (tenant_id, id, member_id, source, orders, "
        "spent_fen, last_at) SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], "
        "$5::int[], $6::bigint[], $7::timestamptz[]) AS t "
        "ON CONFLICT (tenant_id, member_id, source) DO UPDATE SET orders = excluded.orders, "
        "spent_fen = excluded.spent_fen, last_at = excluded.last_at",
        [new_id() for _ in counted],
        *(
            [row[name] for row in counted]
            for name in ("member_id", "source", "orders", "spent_fen", "last_at")
        ),
    )
