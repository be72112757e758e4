"""What there is to tell when an order has come to stand elsewhere: each step once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.events.outbox import announce
from shuke_core.kit.transactions import Row
from shuke_core.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderFulfilled,
    OrderPaid,
    OrderRefunded,
)
from shuke_core.orders.life import Standing


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was told of an order: its id, when it happened, and how much money it moved."""

    kind: str
    id: UUID
    at: datetime
    fen: int


def tell(before: Row, after: Standing, facts: Sequence[Fact]) -> None:
    """Announces what these facts, in the order of their time, have made of the order."""
    order_id, member_id, total_fen = before["id"], _buyer(before), before["total_fen"]
    if before["paid_fen"] < after.paid_fen == total_fen:
        paid_at = max(
            (fact.at for fact in facts if fact.kind == "payment"), default=before["placed_at"]
        )
        announce(OrderPaid(order_id, member_id, total_fen, paid_at))
    if after.fulfilled_at and not before["fulfilled_at"]:
        announce(OrderFulfilled(order_id, member_id, after.fulfilled_at))
    if after.cancelled_at and not before["cancelled_at"]:
        announce(OrderCancelled(order_id, member_id, after.cancelled_at))
    counts_now = after.completed_at is not None and before["completed_at"] is None
    if counts_now:
        announce(
            OrderCompleted(
                order_id,
                member_id,
                before["store_id"],
                total_fen,
                before["business_day"],
                before["placed_at"],
                before["received_at"],
                before["campaign_id"],
            )
        )
    _tell_refunds(before, after, facts, counts_now=counts_now)


def _buyer(order: Row) -> UUID | None:
    """Whose it is; of who was erased it is nobody's, and earns nothing."""
    return None if order["of_the_erased"] else order["member_id"]


def _tell_refunds(before: Row, after: Standing, facts: Sequence[Fact], *, counts_now: bool) -> None:
    """Each refund by what it gave back, as far as it was paid. What a payment lets an earlier one give
    back is told with the payment; what was given back before an order counts, when it does."""
    refunds = [fact for fact in facts if fact.kind == "refund"]
    level = 0 if counts_now else before["refunded_fen"]
    told: list[tuple[UUID, datetime, int]] = []
    if counts_now:
        earlier = max(0, after.refunded_fen - sum(refund.fen for refund in refunds))
        told.append((before["id"], after.completed_at or before["placed_at"], earlier))
    for refund in refunds:
        reached = told[-1][2] if told else level
        told.append((refund.id, refund.at, min(reached + refund.fen, after.refunded_fen)))
    if facts:
        told.append((facts[-1].id, facts[-1].at, after.refunded_fen))
    for cause_id, at, reached in told:
        if reached > level:
            announce(
                OrderRefunded(
                    before["id"],
                    cause_id,
                    _buyer(before),
                    before["total_fen"],
                    level,
                    reached,
                    at,
                    counts=after.completed_at is not None,
                )
            )
            level = reached
