"""The verbs of orders: record sales and refunds as a source tells them, in batches.

Lines copy price and category of their items as they are at that moment, in the same statement.
A sale or refund that is known already (same source, store, number and business day) changes
nothing. A refund may come before its sale; it waits and is applied when the sale arrives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from shuke_core.catalog import moments
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.orders.claims import digests_of
from shuke_core.orders.events import OrderCompleted, RefundWaiting
from shuke_core.orders.matching import apply_waiting

_COPIED, _OF_THE_CATALOGUE = moments.at_this_moment("l.sku")


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of a sale. `quantity` has up to three places, the amount is fen."""

    sku: str | None
    name: str
    quantity: Decimal
    amount_fen: int


@dataclass(frozen=True, slots=True)
class NewSale:
    """A completed purchase: `placed_at` the till, `received_at` here; the day is the store's.
    `receipt` is a `comparable` code."""

    store_id: UUID
    external_no: str
    business_day: date
    placed_at: datetime
    received_at: datetime
    member_id: UUID | None
    total_fen: int
    lines: tuple[NewLine, ...]
    trace: str | None = None
    receipt: str | None = None
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund and the number of the sale it refunds; lines are (line number, fen)."""

    store_id: UUID
    external_no: str
    business_day: date
    refunded_at: datetime
    refunds_no: str
    refunds_day: date | None
    total_fen: int
    lines: tuple[tuple[int, int], ...]


async def record_sales(source: str, currency: str, sales: Sequence[NewSale]) -> list[bool]:
    """Records the sales that are new, with lines, in one statement; says of each if it was new."""
    if not sales:
        return []
    now = clock.now()
    ids = [new_id() for _ in sales]
    lines = [
        (new_id(), order_id, number, line)
        for order_id, sale in zip(ids, sales, strict=True)
        for number, line in enumerate(sale.lines, start=1)
    ]
    rows = await fetch(
        f"""
        WITH held AS (  -- nobody is merged meanwhile, and who was is who they are now
            SELECT named, who FROM member_hold($1, $9::uuid[])
        ), recorded AS (
            INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day,
                                member_id, state, total_fen, refunded_fen, currency, placed_at,
                                received_at, recorded_at, version, receipt, campaign_id)
            SELECT $1, t.id, $2, t.store_id, t.no, t.day, coalesce(h.who, t.member_id),
                   'completed', t.total, 0,
                   $3, t.placed_at, t.received_at, $4, 1, t.receipt, t.campaign
              FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::date[], $9::uuid[],
                          $10::bigint[], $11::timestamptz[], $12::timestamptz[], $20::bytea[],
                          $21::uuid[])
                AS t(id, store_id, no, day, member_id, total, placed_at, received_at, receipt,
                     campaign)
              LEFT JOIN held h ON h.named = t.member_id
             ORDER BY t.store_id, t.no, t.day, t.id  -- of one that is told twice here the first
                ON CONFLICT (tenant_id, source, store_id, external_no, business_day) DO NOTHING
            RETURNING id, member_id
        ), lined AS (
            INSERT INTO order_line (tenant_id, id, order_id, line_no, sku, name, quantity,
                                    amount_fen, {moments.COLUMNS})
            SELECT $1, l.id, l.order_id, l.line_no, l.sku, l.name, l.quantity, l.amount,
                   {_COPIED}
              FROM unnest($13::uuid[], $14::uuid[], $15::int[], $16::text[], $17::text[],
                          $18::numeric[], $19::bigint[])
                AS l(id, order_id, line_no, sku, name, quantity, amount)
              JOIN recorded r ON r.id = l.order_id
                   {_OF_THE_CATALOGUE}
        )
        SELECT id, member_id FROM recorded
        """,
        source,
        currency,
        now,
        ids,
        [sale.store_id for sale in sales],
        [sale.external_no for sale in sales],
        [sale.business_day for sale in sales],
        [sale.member_id for sale in sales],
        [sale.total_fen for sale in sales],
        [sale.placed_at for sale in sales],
        [sale.received_at for sale in sales],
        [line[0] for line in lines],
        [line[1] for line in lines],
        [line[2] for line in lines],
        [line[3].sku for line in lines],
        [line[3].name for line in lines],
        [line[3].quantity for line in lines],
        [line[3].amount_fen for line in lines],
        await digests_of(sale.receipt for sale in sales),
        [sale.campaign_id for sale in sales],
    )
    new = {row["id"]: row["member_id"] for row in rows}
    recorded = [(i, sale) for i, sale in zip(ids, sales, strict=True) if i in new]
    for order_id, sale in recorded:
        announce(
            OrderCompleted(
                order_id,
                new[order_id],
                sale.store_id,
                sale.total_fen,
                sale.business_day,
                sale.placed_at,
                sale.received_at,
                sale.campaign_id,
            ),
            sale.trace,
        )
    await apply_waiting(source, [sale.external_no for _, sale in recorded])
    return [order_id in new for order_id in ids]


async def record_refunds(source: str, refunds: Sequence[NewRefund]) -> list[bool]:
    """Records the refunds and applies those whose sale is here; says of each if it was new."""
    if not refunds:
        return []
    ids = [new_id() for _ in refunds]
    lines = [
        (new_id(), refund_id, number, amount)
        for refund_id, refund in zip(ids, refunds, strict=True)
        for number, amount in refund.lines
    ]
    rows = await fetch(
        """
        WITH recorded AS (
            INSERT INTO refund (tenant_id, id, source, store_id, external_no, business_day,
                                refunds_no, refunds_day, state, total_fen, refunded_at, recorded_at)
            SELECT $1, t.id, $2, t.store_id, t.no, t.day, t.refunds_no, t.refunds_day, 'waiting',
                   t.total, t.refunded_at, $3
              FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::date[], $8::text[], $9::date[],
                          $10::bigint[], $11::timestamptz[])
                AS t(id, store_id, no, day, refunds_no, refunds_day, total, refunded_at)
             ORDER BY t.store_id, t.no, t.day, t.id  -- of one that is told twice here the first
                ON CONFLICT (tenant_id, source, store_id, external_no, business_day) DO NOTHING
            RETURNING id
        ), lined AS (
            INSERT INTO refund_line (tenant_id, id, refund_id, line_no, amount_fen)
            SELECT $1, l.id, l.refund_id, l.line_no, l.amount
              FROM unnest($12::uuid[], $13::uuid[], $14::int[], $15::bigint[])
                AS l(id, refund_id, line_no, amount)
              JOIN recorded r ON r.id = l.refund_id
        )
        SELECT id FROM recorded
        """,
        source,
        clock.now(),
        ids,
        [refund.store_id for refund in refunds],
        [refund.external_no for refund in refunds],
        [refund.business_day for refund in refunds],
        [refund.refunds_no for refund in refunds],
        [refund.refunds_day for refund in refunds],
        [refund.total_fen for refund in refunds],
        [refund.refunded_at for refund in refunds],
        [line[0] for line in lines],
        [line[1] for line in lines],
        [line[2] for line in lines],
        [line[3] for line in lines],
    )
    applied = await apply_waiting(source, sorted({refund.refunds_no for refund in refunds}))
    new = {row["id"] for row in rows}
    for refund_id in ids:
        if refund_id in new - applied:
            announce(RefundWaiting(refund_id))
    return [refund_id in new for refund_id in ids]
