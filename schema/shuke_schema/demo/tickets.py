"""Purchases become tickets of the present, and tickets become messages of fifty."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from .dirt import Writing, Written, write
from .history import Purchase
from .people import name_of, phone_of, visit

SHANGHAI = ZoneInfo("Asia/Shanghai")
TICKETS_PER_MESSAGE = 50


@dataclass(frozen=True, slots=True)
class Ticket:
    """One purchase as it happened, and as the till wrote it."""

    no: str
    customer: int
    phone: str
    at: datetime
    units: int
    fen: int
    written: Written

    @property
    def readable(self) -> bool:
        """Whether a server that cleans well can accept it."""
        return self.written.writing is not Writing.BEYOND


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook: its id says its place in the history, so a second run sends the same ids."""

    webhook_id: str
    body: bytes
    tickets: int


def days_to_shift(purchases: Sequence[Purchase], today: date) -> int:
    """By how many whole days to move the history so that it ends yesterday."""
    last = max(purchase.day for purchase in purchases)
    return (today - timedelta(days=1) - last).days


def write_tickets(purchases: Sequence[Purchase], shift_days: int) -> list[Ticket]:
    """All tickets in the order in which they happened; the same ones in every run."""
    shift = timedelta(days=shift_days)
    tickets = [_ticket(purchase, purchase.day + shift) for purchase in purchases]
    tickets.sort(key=lambda ticket: (ticket.at, ticket.no))
    return tickets


def _ticket(purchase: Purchase, day: date) -> Ticket:
    no = f"C{purchase.customer:06d}-{purchase.serial:05d}"
    dice = Random(f"shuke-demo:ticket:{no}")  # noqa: S311  (seeded on purpose)
    phone = phone_of(purchase.customer)
    store, clock = visit(purchase.customer, dice)
    return Ticket(
        no=no,
        customer=purchase.customer,
        phone=phone,
        at=datetime.combine(day, clock, SHANGHAI),
        units=purchase.units,
        fen=purchase.fen,
        written=write(phone, purchase.fen, store, dice),
    )


def wire(ticket: Ticket) -> dict[str, object]:
    """The ticket as the till sends it: texts only, the local time without a zone."""
    written = ticket.written
    return {
        "no": ticket.no,
        "kind": "sale",
        "store": written.store,
        "at": f"{ticket.at:%Y-%m-%d %H:%M:%S}",
        "phone": written.phone,
        "name": name_of(ticket.customer),
        "total": written.total,
        "lines": [
            {"sku": "CD", "name": "CD", "quantity": str(ticket.units), "amount": written.total}
        ],
    }


def messages(history: str, tickets: Sequence[Ticket]) -> Iterator[Message]:
    """The whole history as webhooks, ids `cdnow-{history}-000000` and up."""
    for position, start in enumerate(range(0, len(tickets), TICKETS_PER_MESSAGE)):
        batch = tickets[start : start + TICKETS_PER_MESSAGE]
        body = {
            "type": "tickets",
            "timestamp": batch[-1].at.isoformat(),
            "data": {"tickets": [wire(ticket) for ticket in batch]},
        }
        yield Message(
            webhook_id=f"cdnow-{history}-{position:06d}",
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
            tickets=len(batch),
        )
