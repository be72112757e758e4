"""What is told of an order after it was placed: payments, that it was handed out, completed or cancelled,
and money given back.

Each is kept as it came, once (same source, store, kind, number and business day), and joined to its
order; before its order it waits. None is refused: what can't be true beside the rest is a contradiction
of the order, for staff to see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.orders.events import RefundWaiting, StepWaiting
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.matching import join_waiting

LONGEST_NO = 64
EXCHANGE = "exchange"  # how an order is paid for with what was sent back of another


@dataclass(frozen=True, slots=True)
class NewStep:
    """Something that was told of the order `order_no`, under a number of its own. `order_day` is the
    order's business day where numbers recur. A payment has an amount in fen, and how it was made."""

    kind: OrderStepKind
    store_id: UUID
    external_no: str
    business_day: date
    happened_at: datetime
    order_no: str
    order_day: date | None = None
    amount_fen: int | None = None
    method: str | None = None
    channel: str | None = None  # the order's source, where that is not who tells


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund and the number of the sale it refunds; lines are (line number, fen, quantity or None).

    What is `exchanged_for` another order pays for that one: the number is of the same store and source.
    """

    store_id: UUID
    external_no: str
    business_day: date
    refunded_at: datetime
    refunds_no: str
    refunds_day: date | None
    total_fen: int
    lines: tuple[tuple[int, int, Decimal | None], ...]
    channel: str | None = None
    exchanged_for: str | None = None


async def record_steps(source: str, steps: Sequence[NewStep]) -> list[bool]:
    """Records the steps and settles the orders that are here; says of each if it was new."""
    if not steps:
        return []
    ids = [new_id() for _ in steps]
    rows = await fetch(
        """
        INSERT INTO order_step (tenant_id, id, source, store_id, kind, external_no, business_day,
                                channel, order_no, order_day, amount_fen, method, happened_at,
                                recorded_at)
        SELECT $1, t.id, $2, t.store_id, t.kind, t.no, t.day, t.channel, t.order_no, t.order_day,
               t.amount, t.method, t.happened_at, $3
          FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::date[], $9::text[],
                      $10::text[], $11::date[], $12::bigint[], $13::text[], $14::timestamptz[])
            AS t(id, store_id, kind, no, day, channel, order_no, order_day, amount, method,
                 happened_at)
         ORDER BY t.store_id, t.kind, t.no, t.day, t.id  -- of one that is told twice here the first
            ON CONFLICT (tenant_id, source, store_id, kind, external_no, business_day) DO NOTHING
        RETURNING id
        """,
        source,
        clock.now(),
        ids,
        [step.store_id for step in steps],
        [step.kind.value for step in steps],
        [step.external_no for step in steps],
        [step.business_day for step in steps],
        [step.channel or source for step in steps],
        [step.order_no for step in steps],
        [step.order_day for step in steps],
        [step.amount_fen for step in steps],
        [step.method for step in steps],
        [step.happened_at for step in steps],
    )
    joined = await _joined([(step.channel or source, step.order_no) for step in steps])
    new = {row["id"] for row in rows}
    for step_id in ids:
        if step_id in new - joined:
            announce(StepWaiting(step_id))
    return [step_id in new for step_id in ids]


async def _joined(orders: Sequence[tuple[str, str]]) -> set[UUID]:
    joined: set[UUID] = set()
    for channel in sorted({channel for channel, _ in orders}):
        joined |= await join_waiting(channel, {no for told, no in orders if told == channel})
    return joined


async def record_refunds(source: str, refunds: Sequence[NewRefund]) -> list[bool]:
    """Records the refunds and applies those whose order is here; says of each if it was new."""
    if not refunds:
        return []
    ids = [new_id() for _ in refunds]
    lines = [
        (new_id(), refund_id, *line)
        for refund_id, refund in zip(ids, refunds, strict=True)
        for line in refund.lines
    ]
    rows = await fetch(
        """
        WITH recorded AS (
            INSERT INTO refund (tenant_id, id, source, store_id, external_no, business_day,
                                channel, refunds_no, refunds_day, exchanged_for, state, total_fen,
                                refunded_at, recorded_at)
            SELECT $1, t.id, $2, t.store_id, t.no, t.day, t.channel, t.refunds_no, t.refunds_day,
                   t.exchanged_for, 'waiting', t.total, t.refunded_at, $3
              FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::date[], $8::text[], $9::date[],
                          $10::bigint[], $11::timestamptz[], $17::text[], $18::text[])
                AS t(id, store_id, no, day, refunds_no, refunds_day, total, refunded_at, channel,
                     exchanged_for)
             ORDER BY t.store_id, t.no, t.day, t.id  -- of one that is told twice here the first
                ON CONFLICT (tenant_id, source, store_id, external_no, business_day) DO NOTHING
            RETURNING id
        ), lined AS (
            INSERT INTO refund_line (tenant_id, id, refund_id, line_no, amount_fen, quantity)
            SELECT $1, l.id, l.refund_id, l.line_no, l.amount, l.quantity
              FROM unnest($12::uuid[], $13::uuid[], $14::int[], $15::bigint[], $16::numeric[])
                AS l(id, refund_id, line_no, amount, quantity)
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
        *([line[part] for line in lines] for part in range(5)),
        [refund.channel or source for refund in refunds],
        [refund.exchanged_for for refund in refunds],
    )
    joined = await _joined([(r.channel or source, r.refunds_no) for r in refunds])
    new = {row["id"] for row in rows}
    for refund_id in ids:
        if refund_id in new - joined:
            announce(RefundWaiting(refund_id))
    exchanges = [r for i, r in zip(ids, refunds, strict=True) if i in new and r.exchanged_for]
    await record_steps(source, [_payment(r) for r in exchanges])
    return [refund_id in new for refund_id in ids]


def _payment(refund: NewRefund) -> NewStep:
    """What is sent back in exchange pays for the other order, under a number that no payment has."""
    assert refund.exchanged_for is not None  # noqa: S101 (the caller has looked)
    return NewStep(
        OrderStepKind.PAYMENT,
        refund.store_id,
        _number_of(refund.external_no),
        refund.business_day,
        refund.refunded_at,
        refund.exchanged_for,
        amount_fen=refund.total_fen,
        method=EXCHANGE,
    )


def _number_of(exchange_no: str) -> str:
    number = f"{EXCHANGE}:{exchange_no}"
    if len(number) <= LONGEST_NO:
        return number
    return f"{EXCHANGE}:{sha256(exchange_no.encode()).hexdigest()}"[:LONGEST_NO]
