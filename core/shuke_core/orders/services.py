"""Sales and orders are recorded as a source tells them, in batches.

Lines copy price and category of their items as they are at that moment, in the same statement.
One that is known already (same source, store, number and business day) changes nothing, but that an
order which was only placed is a purchase once its sale is told. What else is told of an order, `steps`
records; it may come before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import orjson

from shuke_core.catalog import moments
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.orders.claims import digests_of
from shuke_core.orders.events import OrderCompleted, OrderCreated, OrderPaid
from shuke_core.orders.matching import join_waiting, settle_told_whole
from shuke_core.orders.rules import DiscountSource

_COPIED, _OF_THE_CATALOGUE = moments.at_this_moment("l.sku")


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of a sale. `quantity` has up to three places, the amount is what is paid for it, in fen;
    `discounts` what was taken off before."""

    sku: str | None
    name: str
    quantity: Decimal
    amount_fen: int
    discounts: Mapping[DiscountSource, int] = field(default_factory=dict)

    @property
    def told_discounts(self) -> str | None:
        """As they are kept; None for none."""
        told = {source.value: fen for source, fen in self.discounts.items() if fen}
        return orjson.dumps(told).decode() if told else None


@dataclass(frozen=True, slots=True)
class NewSale:
    """A purchase: `placed_at` the till, `received_at` here; the day is the store's. `receipt` is a
    `comparable` code. What is not `whole` is an order that is still to be paid for and handed out."""

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
    whole: bool = True
    campaign_id: UUID | None = None


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
                                member_id, state, told_whole, total_fen, paid_fen, refunded_fen,
                                currency, placed_at, fulfilled_at, completed_at,
                                received_at, recorded_at, version, receipt, campaign_id)
            SELECT $1, t.id, $2, t.store_id, t.no, t.day, coalesce(h.who, t.member_id),
                   CASE WHEN t.whole THEN 'completed' WHEN t.total = 0 THEN 'paid' ELSE 'created' END,
                   t.whole, t.total, CASE WHEN t.whole THEN t.total ELSE 0 END, 0,
                   $3, t.placed_at, CASE WHEN t.whole THEN t.placed_at END,
                   CASE WHEN t.whole THEN t.placed_at END,
                   t.received_at, $4, 1, t.receipt, t.campaign
              FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::date[], $9::uuid[],
                          $10::bigint[], $11::timestamptz[], $12::timestamptz[], $20::bytea[],
                          $21::bool[], $23::uuid[])
                AS t(id, store_id, no, day, member_id, total, placed_at, received_at, receipt, whole,
                     campaign)
              LEFT JOIN held h ON h.named = t.member_id
             ORDER BY t.store_id, t.no, t.day, t.id  -- of one that is told twice here the first
                ON CONFLICT (tenant_id, source, store_id, external_no, business_day) DO NOTHING
            RETURNING id, member_id
        ), lined AS (
            INSERT INTO order_line (tenant_id, id, order_id, line_no, sku, name, quantity,
                                    amount_fen, discounts, {moments.COLUMNS})
            SELECT $1, l.id, l.order_id, l.line_no, l.sku, l.name, l.quantity, l.amount,
                   l.discounts::jsonb, {_COPIED}
              FROM unnest($13::uuid[], $14::uuid[], $15::int[], $16::text[], $17::text[],
                          $18::numeric[], $19::bigint[], $22::text[])
                AS l(id, order_id, line_no, sku, name, quantity, amount, discounts)
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
        [sale.whole for sale in sales],
        [line[3].told_discounts for line in lines],
        [sale.campaign_id for sale in sales],
    )
    new = {row["id"]: row["member_id"] for row in rows}
    recorded = [(i, sale) for i, sale in zip(ids, sales, strict=True) if i in new]
    for order_id, sale in recorded:
        _announce(order_id, new[order_id], sale)
    known = [sale for i, sale in zip(ids, sales, strict=True) if i not in new and sale.whole]
    if known:
        await settle_told_whole(
            [(source, sale.store_id, sale.external_no, sale.business_day) for sale in known]
        )
    await join_waiting(source, {sale.external_no for _, sale in recorded})
    return [order_id in new for order_id in ids]


def _announce(order_id: UUID, member_id: UUID | None, sale: NewSale) -> None:
    if sale.whole:
        announce(
            OrderCompleted(
                order_id,
                member_id,
                sale.store_id,
                sale.total_fen,
                sale.business_day,
                sale.placed_at,
                sale.received_at,
                sale.campaign_id,
            ),
            sale.trace,
        )
        return
    announce(
        OrderCreated(order_id, member_id, sale.store_id, sale.total_fen, sale.placed_at), sale.trace
    )
    if sale.total_fen == 0:
        announce(OrderPaid(order_id, member_id, 0, sale.placed_at), sale.trace)
