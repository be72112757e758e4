"""Orders that nobody had: claimed once, by whoever has the receipt.

The code on the receipt is kept as a digest under the tenant's key. A claimed order counts and earns as
if its buyer had been known at the till; what was refunded of it meanwhile is taken off again.
"""

from collections.abc import Iterable
from uuid import UUID

from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.transactions import Row, fetch
from shuke_core.members.following import lock_member
from shuke_core.orders.errors import OrderClaimed, ReceiptUnknown
from shuke_core.orders.events import OrderNowClaimed, OrderRefunded
from shuke_core.orders.rules import SHORTEST_RECEIPT, comparable
from shuke_core.tenants.keyring import tenant_keys

_OF_RECEIPT = """
SELECT id, member_id, store_id, total_fen, refunded_fen, business_day, placed_at, received_at,
       completed_at, campaign_id FROM orders
 WHERE tenant_id = $1 AND receipt = $2 LIMIT 2 FOR UPDATE
"""
_REFUNDED = """
SELECT r.id, r.refunded_at, (sum(r.total_fen) OVER earlier)::bigint AS so_far, r.total_fen
  FROM refund r WHERE r.tenant_id = $1 AND r.order_id = $2 AND r.state = 'applied'
WINDOW earlier AS (ORDER BY r.refunded_at, r.id)
 ORDER BY r.refunded_at, r.id
"""


async def digests_of(receipts: Iterable[str | None]) -> list[bytes | None]:
    """What is kept of each receipt code, in their order; `comparable` codes, None for none."""
    codes = list(receipts)
    if not any(codes):
        return [None] * len(codes)
    key = (await tenant_keys()).digesting
    return [keyed_digest(key, "receipt", code) if code else None for code in codes]


async def claim_order(member_id: UUID, receipt: str) -> UUID:
    """Makes the order with that code on its receipt the member's; returns its id. Theirs already, it
    stays so.

    A code that stands on two orders claims neither. Raises MemberUnknown, ReceiptUnknown, OrderClaimed.
    """
    code = comparable(receipt)
    if len(code) < SHORTEST_RECEIPT:
        raise ReceiptUnknown()
    member_id = await lock_member(member_id, "KEY SHARE", visitors=False)
    (digest,) = await digests_of([code])
    orders = await fetch(_OF_RECEIPT, digest)
    if len(orders) != 1:
        raise ReceiptUnknown()
    order = orders[0]
    order_id: UUID = order["id"]
    if order["member_id"] == member_id:
        return order_id
    if order["member_id"] is not None:
        raise OrderClaimed()
    await fetch(
        "UPDATE orders SET member_id = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2",
        *(order_id, member_id),
    )
    await _tell(order, member_id)
    return order_id


async def _tell(order: Row, member_id: UUID) -> None:
    """The claim, then what was refunded before it: in this order points are earned and taken back. Of an
    order that is no purchase yet there is nothing to earn: it will be told when it is."""
    counts = order["completed_at"] is not None
    announce(
        OrderNowClaimed(
            order["id"],
            member_id,
            order["store_id"],
            order["total_fen"],
            order["business_day"],
            order["placed_at"],
            order["received_at"],
            clock.now(),
            order["campaign_id"],
            counts,
        )
    )
    if not counts:
        return
    refunded = order["refunded_fen"]  # at most what was paid, whatever the refunds say
    for refund in await fetch(_REFUNDED, order["id"]):
        before = min(refund["so_far"] - refund["total_fen"], refunded)
        after = min(refund["so_far"], refunded)
        if after > before:
            announce(
                OrderRefunded(
                    order["id"],
                    refund["id"],
                    member_id,
                    order["total_fen"],
                    before,
                    after,
                    refund["refunded_at"],
                )
            )
