"""Reads of orders."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.kit.transactions import fetch


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as its member sees it, with the name of its store."""

    id: UUID
    external_no: str
    state: str
    total_fen: int
    refunded_fen: int
    currency: str
    placed_at: datetime
    store_code: str
    store_name: str


async def orders_before(
    member_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[OrderRow]:
    """The member's orders, newest first, that come after the cursor `before` in that order."""
    at, order_id = before or (None, None)
    rows = await fetch(
        "SELECT o.id, o.external_no, o.state, o.total_fen, o.refunded_fen, o.currency, "
        "o.placed_at, s.code AS store_code, s.name AS store_name "
        "FROM orders o JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id "
        "WHERE o.tenant_id = $1 AND o.member_id = $2 "
        "AND ($3::timestamptz IS NULL OR (o.placed_at, o.id) < ($3, $4::uuid)) "
        "ORDER BY o.placed_at DESC, o.id DESC LIMIT $5",
        *(member_id, at, order_id, limit),
    )
    return [OrderRow(**row) for row in rows]
