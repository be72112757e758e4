"""How what is told of an order meets it, whichever comes first, and where the order stands then.

Whoever records one looks for the other. Two units that record an order and something about it at the
same moment don't see each other, and the latter stays waiting: both announce what they recorded, and
`match_waiting` looks once more when they are committed. An order is locked before it is read anew what
was told of it: of two units that tell something the later one knows both.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shuke_core.kit.transactions import Row, fetch
from shuke_core.orders.announcing import Fact, tell
from shuke_core.orders.life import Told, standing

_WAITING = """
SELECT f.kind, f.id, f.happened_at, f.fen, o.order_id
  FROM (
    SELECT 'refund' AS kind, r.id, r.store_id, r.channel, r.refunds_no AS no, r.refunds_day AS day,
           r.business_day, r.refunded_at AS happened_at, r.total_fen AS fen
      FROM refund r
     WHERE r.tenant_id = $1 AND r.channel = $2 AND r.refunds_no = ANY ($3::text[])
       AND r.state = 'waiting'
     UNION ALL
    SELECT s.kind, s.id, s.store_id, s.channel, s.order_no, s.order_day, s.business_day,
           s.happened_at, coalesce(s.amount_fen, 0)
      FROM order_step s
     WHERE s.tenant_id = $1 AND s.channel = $2 AND s.order_no = ANY ($3::text[])
       AND s.order_id IS NULL) f
 CROSS JOIN LATERAL (
    SELECT o.id AS order_id FROM orders o
     WHERE o.tenant_id = $1 AND o.source = f.channel AND o.external_no = f.no
       AND o.store_id = f.store_id
       AND CASE WHEN f.day IS NULL THEN o.business_day <= f.business_day
                ELSE o.business_day = f.day END
     ORDER BY o.business_day DESC LIMIT 1) o
"""
# Not FOR UPDATE: rows that name an order share its key, and two units that do would wait for each other.
_LOCKED = """
SELECT o.*, m.state = 'erased' AS of_the_erased FROM orders o
  LEFT JOIN member m ON m.tenant_id = $1 AND m.id = o.member_id
 WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[]) ORDER BY o.id FOR NO KEY UPDATE OF o
"""
_JOINED = """
WITH refunds AS (
    UPDATE refund r SET state = 'applied', order_id = t.order_id
      FROM unnest($2::uuid[], $3::uuid[]) AS t(id, order_id)
     WHERE r.tenant_id = $1 AND r.id = t.id AND r.state = 'waiting' RETURNING r.id
), steps AS (
    UPDATE order_step s SET order_id = t.order_id
      FROM unnest($2::uuid[], $3::uuid[]) AS t(id, order_id)
     WHERE s.tenant_id = $1 AND s.id = t.id AND s.order_id IS NULL RETURNING s.id
)
SELECT id FROM refunds UNION ALL SELECT id FROM steps
"""
_TOLD = """
SELECT o.id, o.total_fen, s.paid, s.fulfilled_at, s.completed_at, s.cancelled_at,
       coalesce(r.given_back, 0)::bigint AS refunds, coalesce(l.beyond, 0)::bigint AS beyond
  FROM unnest($2::uuid[]) AS t(id)
  JOIN orders o ON o.tenant_id = $1 AND o.id = t.id
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.amount_fen), 0)::bigint AS paid,
           min(s.happened_at) FILTER (WHERE s.kind = 'fulfilment') AS fulfilled_at,
           min(s.happened_at) FILTER (WHERE s.kind = 'completion') AS completed_at,
           min(s.happened_at) FILTER (WHERE s.kind = 'cancellation') AS cancelled_at
      FROM order_step s WHERE s.tenant_id = $1 AND s.order_id = o.id) s
 CROSS JOIN LATERAL (
    SELECT sum(r.total_fen) AS given_back FROM refund r
     WHERE r.tenant_id = $1 AND r.order_id = o.id AND r.state = 'applied') r
 CROSS JOIN LATERAL (
    SELECT sum(greatest(b.back - coalesce(l.amount_fen, 0), 0)) AS beyond
      FROM (SELECT rl.line_no, sum(rl.amount_fen) AS back
              FROM refund r
              JOIN refund_line rl ON rl.tenant_id = $1 AND rl.refund_id = r.id
             WHERE r.tenant_id = $1 AND r.order_id = o.id AND r.state = 'applied'
             GROUP BY rl.line_no) b
      LEFT JOIN order_line l
        ON l.tenant_id = $1 AND l.order_id = o.id AND l.line_no = b.line_no) l
"""
_SETTLED = """
UPDATE orders o
   SET state = t.state, paid_fen = t.paid, refunded_fen = t.refunded, fulfilled_at = t.fulfilled_at,
       completed_at = t.completed_at, cancelled_at = t.cancelled_at, contradiction = t.contradiction,
       version = o.version + t.more
  FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[],
              $7::timestamptz[], $8::timestamptz[], $9::text[], $10::int[])
    AS t(id, state, paid, refunded, fulfilled_at, completed_at, cancelled_at, contradiction, more)
 WHERE o.tenant_id = $1 AND o.id = t.id
"""


@dataclass(frozen=True, slots=True)
class _Match:
    kind: str
    id: UUID
    happened_at: datetime
    fen: int
    order_id: UUID


async def join_waiting(channel: str, numbers: Collection[str]) -> set[UUID]:
    """Joins what waits for orders of these numbers to those that are known, and settles them.

    Returns the ids of the refunds and steps that no longer wait. `channel` is the orders' source.
    """
    if not numbers:
        return set()
    rows = await fetch(_WAITING, channel, sorted(set(numbers)))
    if not rows:
        return set()
    matches = [_Match(**row) for row in rows]
    before = await _locked({each.order_id for each in matches})
    joined = await fetch(
        _JOINED, [each.id for each in matches], [each.order_id for each in matches]
    )
    new = {row["id"] for row in joined}
    await _settle(before, [each for each in matches if each.id in new])
    return {each.id for each in matches}


async def settle_told_whole(sales: Sequence[tuple[str, UUID, str, date]]) -> None:
    """Settles orders that were only placed, and of which it is told now that they were paid for and
    handed out: (source, store, number, day) of each."""
    rows = await fetch(
        "UPDATE orders o SET told_whole = true "
        "FROM unnest($2::text[], $3::uuid[], $4::text[], $5::date[]) AS t(source, store, no, day) "
        "WHERE o.tenant_id = $1 AND o.source = t.source AND o.store_id = t.store "
        "AND o.external_no = t.no AND o.business_day = t.day AND NOT o.told_whole RETURNING o.id",
        *([sale[part] for sale in sales] for part in range(4)),
    )
    if rows:
        await _settle(await _locked([row["id"] for row in rows]), [])


async def match_waiting(
    order_ids: Sequence[UUID], refund_ids: Sequence[UUID], step_ids: Sequence[UUID]
) -> int:
    """Joins what still waits among these refunds and steps, and for these orders; says how many.

    To be called after the units that recorded them: whichever was committed last finds the other.
    """
    rows = await fetch(
        """
        SELECT r.channel, r.refunds_no AS no FROM orders o
          JOIN refund r ON r.tenant_id = o.tenant_id AND r.channel = o.source
                       AND r.refunds_no = o.external_no AND r.state = 'waiting'
         WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
        UNION
        SELECT s.channel, s.order_no FROM orders o
          JOIN order_step s ON s.tenant_id = o.tenant_id AND s.channel = o.source
                           AND s.order_no = o.external_no AND s.order_id IS NULL
         WHERE o.tenant_id = $1 AND o.id = ANY ($2::uuid[])
        UNION
        SELECT r.channel, r.refunds_no FROM refund r
         WHERE r.tenant_id = $1 AND r.id = ANY ($3::uuid[]) AND r.state = 'waiting'
        UNION
        SELECT s.channel, s.order_no FROM order_step s
         WHERE s.tenant_id = $1 AND s.id = ANY ($4::uuid[]) AND s.order_id IS NULL
        """,
        *(list(order_ids), list(refund_ids), list(step_ids)),
    )
    joined = 0
    for channel in sorted({row["channel"] for row in rows}):
        numbers = {row["no"] for row in rows if row["channel"] == channel}
        joined += len(await join_waiting(channel, numbers))
    return joined


async def _locked(order_ids: Collection[UUID]) -> dict[UUID, Row]:
    return {row["id"]: row for row in await fetch(_LOCKED, sorted(order_ids))}


async def _settle(before: dict[UUID, Row], joined: Sequence[_Match]) -> None:
    """Where the locked orders stand now that these facts are theirs, and what there is to tell of it."""
    if not before:
        return
    told = {row["id"]: row for row in await fetch(_TOLD, list(before))}
    after = {order_id: standing(_told(order, told[order_id])) for order_id, order in before.items()}
    facts: dict[UUID, list[Fact]] = {order_id: [] for order_id in before}
    for each in joined:
        facts[each.order_id].append(Fact(each.kind, each.id, each.happened_at, each.fen))
    stands = list(after.values())
    await fetch(
        _SETTLED,
        list(after),
        [each.state.value for each in stands],
        [each.paid_fen for each in stands],
        [each.refunded_fen for each in stands],
        [each.fulfilled_at for each in stands],
        [each.completed_at for each in stands],
        [each.cancelled_at for each in stands],
        [each.contradiction.value if each.contradiction else None for each in stands],
        [len(facts[order_id]) for order_id in after],
    )
    for order_id, order in before.items():
        tell(order, after[order_id], sorted(facts[order_id], key=lambda fact: (fact.at, fact.id)))


def _told(order: Row, row: Row) -> Told:
    """What is told of an order; of one that was told whole the first word was that it is done."""
    whole = order["told_whole"]
    placed_at: datetime | None = order["placed_at"] if whole else None
    return Told(
        order["total_fen"],
        max(row["paid"], order["total_fen"] if whole else 0),  # payments may be told beside it
        row["refunds"],
        row["beyond"],
        placed_at or row["fulfilled_at"],
        placed_at or row["completed_at"],
        row["cancelled_at"],
    )
