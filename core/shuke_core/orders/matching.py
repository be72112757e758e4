"""How a refund meets its sale, whichever of them comes first.

Whoever records one looks for the other. Two units that record a sale and its refund at the same
moment don't see each other, and the refund stays waiting: both announce what they recorded, and
`match_refunds` looks once more when they are committed.
"""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.events.outbox import announce
from shuke_core.kit.transactions import Row, fetch
from shuke_core.orders.events import OrderRefunded
from shuke_core.orders.rules import refundable_part

_WAITING = """
SELECT r.id, r.total_fen, r.refunded_at, o.order_id
  FROM refund r
 CROSS JOIN LATERAL (
    SELECT o.id AS order_id FROM orders o
     WHERE o.tenant_id = $1 AND o.source = r.source AND o.external_no = r.refunds_no
       AND o.store_id = r.store_id AND o.business_day <= r.business_day
       AND (r.refunds_day IS NULL OR o.business_day = r.refunds_day)
     ORDER BY o.business_day DESC LIMIT 1) o
 WHERE r.tenant_id = $1 AND r.source = $2 AND r.refunds_no = ANY ($3::text[])
   AND r.state = 'waiting'
 ORDER BY o.order_id, r.refunded_at, r.id
   FOR UPDATE OF r
"""


async def apply_waiting(source: str, numbers: Sequence[str]) -> set[UUID]:
    """Applies refunds whose sale is known now, one after another in the order of their time.

    Returns the refunds that no longer wait.
    """
    if not numbers:
        return set()
    waiting = await fetch(_WAITING, source, list(numbers))
    for row in waiting:
        await _apply(row)
    return {row["id"] for row in waiting}


async def match_refunds(order_ids: Sequence[UUID], refund_ids: Sequence[UUID]) -> int:
    """Applies what still waits among these refunds and the refunds of these orders; says how many.

    To be called after the units that recorded them: whichever of a sale and its refund was
    committed last finds the other here.
    """
    rows = await fetch(
        """
        SELECT r.source, r.refunds_no FROM orders o
          JOIN refund r ON r.tenant_id = o.tenant_id AND r.source = o.source
                       AND r.refunds_no = o.external_no AND r.state = 'waiting'
         WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
        UNION
        SELECT r.source, r.refunds_no FROM refund r
         WHERE r.tenant_id = $1 AND r.id = ANY ($3::uuid[]) AND r.state = 'waiting'
        """,
        *(list(order_ids), list(refund_ids)),
    )
    applied = 0
    for source in sorted({row["source"] for row in rows}):
        numbers = sorted(row["refunds_no"] for row in rows if row["source"] == source)
        applied += len(await apply_waiting(source, numbers))
    return applied


async def _apply(waiting: Row) -> None:
    order = (
        await fetch(
            "SELECT id, member_id, total_fen, refunded_fen FROM orders "
            "WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
            waiting["order_id"],
        )
    )[0]
    part = refundable_part(order["total_fen"], order["refunded_fen"], waiting["total_fen"])
    if part is None:  # more money than the order has left: staff must look, nothing is taken back
        await _close(waiting["id"], "refused", order["id"])
        return
    await fetch(
        "UPDATE orders SET refunded_fen = refunded_fen + $3, version = version + 1, "
        "state = CASE WHEN refunded_fen + $3 = total_fen THEN 'refunded' ELSE 'partly_refunded' "
        "END WHERE tenant_id = $1 AND id = $2",
        *(order["id"], part),
    )
    await _close(waiting["id"], "applied", order["id"])
    announce(
        OrderRefunded(
            order["id"],
            waiting["id"],
            order["member_id"],
            order["total_fen"],
            order["refunded_fen"],
            order["refunded_fen"] + part,
            waiting["refunded_at"],
        )
    )


async def _close(refund_id: UUID, state: str, order_id: UUID) -> None:
    await fetch(
        "UPDATE refund SET state = $3, order_id = $4 WHERE tenant_id = $1 AND id = $2",
        *(refund_id, state, order_id),
    )
