"""What members and staff say of orders of this house's own: cancelled, handed out, completed, refunded.

It goes the way of what outside systems tell, so it meets theirs in one order; but somebody who sees where
the order stands is told at once what can't be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.transactions import Row, fetch, fetch_one
from shuke_core.members.following import hold_members
from shuke_core.orders.channels import COUNTER, MINI_PROGRAM, Saying, Teller, check_may
from shuke_core.orders.errors import OrderInvalid, OrderStateRefused, OrderUnknown, RefundTooMuch
from shuke_core.orders.life import OrderStepKind, may_say
from shuke_core.orders.placing import new_number, today
from shuke_core.orders.rules import is_quantity
from shuke_core.orders.steps import NewRefund, NewStep, record_refunds, record_steps

_BUYER = "SELECT member_id FROM orders WHERE tenant_id = $1 AND id = $2"
_KINDS = {
    Saying.FULFIL: OrderStepKind.FULFILMENT,
    Saying.COMPLETE: OrderStepKind.COMPLETION,
    Saying.CANCEL: OrderStepKind.CANCELLATION,
}
_ACTS = {
    Saying.FULFIL: "order.fulfilled",
    Saying.COMPLETE: "order.completed",
    Saying.CANCEL: "order.cancelled",
}


@dataclass(frozen=True, slots=True)
class SentBack:
    """What of a line goes back: fen, and how much of it if that is known."""

    line: int
    amount_fen: int
    quantity: Decimal | None = None


async def cancel_own_order(member_id: UUID, order_id: UUID) -> None:
    """Gives a member's order up while nothing is paid.

    Raises OrderUnknown, OrderElsewhere, OrderStateRefused.
    """
    order = await _locked(order_id)
    if order["member_id"] != member_id:
        raise OrderUnknown()
    check_may(Teller.MEMBER, order["source"], Saying.CANCEL)
    if order["paid_fen"] or not may_say(Saying.CANCEL.value, order["state"]):
        raise OrderStateRefused(state=order["state"])
    await _say(MINI_PROGRAM, order, Saying.CANCEL)


async def say_of_order(order_id: UUID, saying: Saying, reason: str = "") -> None:
    """Staff say that an order was handed out, completed or cancelled.

    Raises OrderUnknown, OrderElsewhere for one of an outside system, OrderStateRefused.
    """
    order = await _locked(order_id)
    check_may(Teller.STAFF, order["source"], saying)
    if not may_say(saying.value, order["state"]) or (
        saying is Saying.COMPLETE and order["completed_at"]
    ):
        raise OrderStateRefused(state=order["state"])
    await _say(COUNTER, order, saying)
    await record(_ACTS[saying], f"order:{order_id}", member_id=order["member_id"], reason=reason)


async def refund_order(
    order_id: UUID, amount_fen: int | None, lines: Sequence[SentBack], reason: str
) -> None:
    """Staff say that money of an order was given back: an amount, or what `lines` come to.

    Raises OrderUnknown, OrderElsewhere, OrderInvalid, and RefundTooMuch where that has not been paid, or
    a line has not that much left.
    """
    order = await _locked(order_id)
    check_may(Teller.STAFF, order["source"], Saying.REFUND)
    total = sum(line.amount_fen for line in lines) if lines else amount_fen
    if (
        total is None
        or total <= 0
        or (lines and amount_fen not in (None, total))
        or any(line.amount_fen < 0 for line in lines)
        or len({line.line for line in lines}) < len(lines)
    ):
        raise OrderInvalid(problem="name an amount above 0, or lines that come to it, each once")
    left = order["paid_fen"] - order["refunded_fen"]
    if total > left:
        raise RefundTooMuch(left=left)
    await _check_lines(order_id, lines)
    now = clock.now()
    await record_refunds(
        COUNTER,
        [
            NewRefund(
                order["store_id"],
                new_number("R"),
                max(await today(), order["business_day"]),
                now,
                order["external_no"],
                order["business_day"],
                total,
                tuple((line.line, line.amount_fen, line.quantity) for line in lines),
                order["source"],
            )
        ],
    )
    await record(
        "order.refunded",
        f"order:{order_id}",
        member_id=order["member_id"],
        changes={"refunded_fen": (order["refunded_fen"], order["refunded_fen"] + total)},
        reason=reason,
    )


async def _locked(order_id: UUID) -> Row:
    """The order, held; whose it is before it: a merge holds people first, then moves what is theirs."""
    if (buyer := await fetch_one(_BUYER, order_id)) and buyer["member_id"] is not None:
        await hold_members([buyer["member_id"]])
    rows = await fetch(
        "SELECT * FROM orders WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", order_id
    )
    if not rows:
        raise OrderUnknown()
    return rows[0]


async def _check_lines(order_id: UUID, lines: Sequence[SentBack]) -> None:
    rows = await fetch(
        """
        SELECT l.line_no, l.amount_fen - coalesce(sum(b.amount_fen), 0)::bigint AS left_fen,
               l.quantity - coalesce(sum(b.quantity), 0) AS left_quantity
          FROM order_line l
          LEFT JOIN (refund r JOIN refund_line b ON b.tenant_id = $1 AND b.refund_id = r.id)
            ON r.tenant_id = $1 AND r.order_id = l.order_id AND r.state = 'applied'
           AND b.line_no = l.line_no
         WHERE l.tenant_id = $1 AND l.order_id = $2
         GROUP BY l.line_no, l.amount_fen, l.quantity
        """,
        order_id,
    )
    left = {row["line_no"]: row for row in rows}
    for line in lines:
        if line.line not in left:
            raise OrderInvalid(problem=f"the order has no line {line.line}")
        if line.amount_fen > left[line.line]["left_fen"]:
            raise RefundTooMuch(left=max(0, left[line.line]["left_fen"]))
        if line.quantity is not None and (
            not is_quantity(line.quantity) or line.quantity > left[line.line]["left_quantity"]
        ):
            raise OrderInvalid(problem=f"of line {line.line} there is not so much left")


async def _say(source: str, order: Row, saying: Saying) -> None:
    step = NewStep(
        *(_KINDS[saying], order["store_id"], order["external_no"]),
        max(await today(), order["business_day"]),
        *(clock.now(), order["external_no"], order["business_day"]),
        channel=order["source"],
    )
    await record_steps(source, [step])
