"""Rows of messages, whatever they tell of: each goes to the intake of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from shuke_core.integrations.intake import Fate, RawTicket, take_in
from shuke_core.integrations.item_intake import take_in_items
from shuke_core.integrations.ticket_facts import Rejected


class Kind(Enum):
    """What a row tells of."""

    TICKET = "ticket"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as JSON value; when the message that brought it was received, and in which trace."""

    kind: Kind
    body: object
    received_at: datetime
    trace: str | None = None


async def take_in_rows(source: str, rows: Sequence[RawRow]) -> list[Fate | Rejected]:
    """Takes rows of one integration in; says of each what became of it, in their order.

    Items go first: the lines of tickets that came with them copy what they say.
    """
    items = [place for place, row in enumerate(rows) if row.kind is Kind.ITEM]
    tickets = [place for place, row in enumerate(rows) if row.kind is Kind.TICKET]
    fates = dict(
        zip(items, await take_in_items(source, [rows[p].body for p in items]), strict=True)
    )
    if tickets:
        raw = [RawTicket(rows[p].body, rows[p].received_at, rows[p].trace) for p in tickets]
        fates |= zip(tickets, await take_in(source, raw), strict=True)
    return [fates[place] for place in range(len(rows))]
