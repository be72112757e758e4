"""Quarantine: tickets that could not be cleaned wait with field and reason until a fix lets them in.

The fix may be outside the ticket (the missing store was added) or in it (staff correct a field).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.integrations.errors import CorrectionInvalid, TicketNotQuarantined
from shuke_core.integrations.events import TicketQuarantined, TicketResolved
from shuke_core.integrations.rows import Kind, RawRow, take_in_rows
from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.kit import clock
from shuke_core.kit.conditions import Conditions
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, current_tenant, fetch
from shuke_core.tenants.keyring import tenant_keys

# Five digits and more, also in groups; a colon parts them, so that hours stay legible.
_DIGITS = re.compile(r"\d(?:(?:[^\w*:]|_){0,3}\d){4,}")
_MAIL = re.compile(r"\S*@\S*")
_NOT_OF_A_NUMBER = re.compile(r"[^\d*]")
_SHOWN_AT_EACH_END = 2
_NOT_PERSONAL = frozenset({"kind", "no", "store", "at", "total", "refunds", "refunds_day"})
_REPLAY_BATCH = 200


@dataclass(frozen=True, slots=True)
class WaitingTicket:
    """A quarantined ticket for a list: where it came from and what is wrong, nothing personal."""

    id: UUID
    integration: str
    message_id: str
    row_no: int
    field: str
    code: str
    found: str
    kind: str
    quarantined_at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many tickets of a replay went in, and how many still can't."""

    accepted: int
    still_quarantined: int


def masked(found: str, field: str = "") -> str:
    """What was found, fit to be kept in the clear: it may name somebody.

    Of every longer row of digits, also one in groups, two stay at each end; mail addresses go. Of
    a `phone` nothing stays but digits and what hides them: beside a number stands whose it is.
    """
    if field == "phone":
        found = _NOT_OF_A_NUMBER.sub("", _MAIL.sub("", found))
    return _DIGITS.sub(_hide_middle, _MAIL.sub("***@***", found))[:120]


def _hide_middle(row: re.Match[str]) -> str:
    places = [place for place, letter in enumerate(row[0]) if letter.isdecimal()]
    hidden = set(places[_SHOWN_AT_EACH_END:-_SHOWN_AT_EACH_END])
    return "".join("*" if place in hidden else letter for place, letter in enumerate(row[0]))


@dataclass(frozen=True, slots=True)
class Unfit:
    """A ticket to put aside: the message's id, its row there, the ticket, and what is wrong."""

    integration_id: UUID
    message_id: UUID
    row_no: int
    body: object
    why: Rejected
    kind: Kind = Kind.TICKET


async def quarantine(tickets: Sequence[Unfit]) -> None:
    """Puts tickets aside, each with field and reason, in one statement."""
    if not tickets:
        return
    keys, tenant_id = await tenant_keys(), current_tenant()
    ids = [new_id() for _ in tickets]
    await fetch(
        "INSERT INTO quarantined_ticket (tenant_id, id, integration_id, message_id, row_no, "
        "sealed, field, code, found, kind, state, quarantined_at) "
        "SELECT $1, t.*, 'open', $2 FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::int[], "
        "$7::bytea[], $8::text[], $9::text[], $10::text[], $11::text[]) AS t",
        clock.now(),
        ids,
        [t.integration_id for t in tickets],
        [t.message_id for t in tickets],
        [t.row_no for t in tickets],
        [
            seal(
                keys.sealing,
                orjson.dumps(t.body),
                Place(tenant_id, "quarantined_ticket", row_id, "sealed"),
            )
            for row_id, t in zip(ids, tickets, strict=True)
        ],
        *_columns([t.why for t in tickets]),
        [t.kind.value for t in tickets],
    )
    for row_id, t in zip(ids, tickets, strict=True):
        announce(TicketQuarantined(t.integration_id, row_id, t.why.field[:120], t.why.code))


def _columns(faults: Sequence[Rejected]) -> tuple[list[str], list[str], list[str]]:
    """Field, code and (masked) finding, as they are kept."""
    return (
        [fault.field[:120] for fault in faults],
        [fault.code for fault in faults],
        [masked(fault.found, fault.field) for fault in faults],
    )


WAITING = """
SELECT q.id, i.key AS integration, m.message_id, q.row_no, q.field, q.code, q.found,
       q.kind, q.quarantined_at
  FROM quarantined_ticket q
  JOIN integration i ON i.tenant_id = q.tenant_id AND i.id = q.integration_id
  JOIN inbox m ON m.tenant_id = q.tenant_id AND m.id = q.message_id
 WHERE q.tenant_id = $1 AND q.state = 'open'
"""


async def waiting_tickets(integration: str, limit: int = 100) -> list[WaitingTicket]:
    """Open tickets of an integration, oldest first."""
    rows = await fetch(f"{WAITING} AND i.key = $2 ORDER BY q.id LIMIT $3", *(integration, limit))
    return [WaitingTicket(**row) for row in rows]


_OPEN = """
SELECT q.id, q.integration_id, i.key AS source, q.kind, q.sealed, m.received_at
  FROM quarantined_ticket q
  JOIN integration i ON i.tenant_id = q.tenant_id AND i.id = q.integration_id
  JOIN inbox m ON m.tenant_id = q.tenant_id AND m.id = q.message_id
 WHERE q.tenant_id = $1 AND q.state = 'open' AND q.sealed IS NOT NULL
"""


async def _body(row: Row) -> object:
    keys = await tenant_keys()
    place = Place(current_tenant(), "quarantined_ticket", row["id"], "sealed")
    return orjson.loads(keys.open(row["sealed"], place))


async def _replay(rows: Sequence[Row], bodies: Sequence[object]) -> Replayed:
    if not rows:
        return Replayed(0, 0)
    raw = [
        RawRow(Kind(row["kind"]), body, row["received_at"])
        for row, body in zip(rows, bodies, strict=True)
    ]
    fates = await take_in_rows(rows[0]["source"], raw)
    paired = list(zip(rows, fates, strict=True))
    went_in = [row["id"] for row, fate in paired if not isinstance(fate, Rejected)]
    refused = [(row["id"], fate) for row, fate in paired if isinstance(fate, Rejected)]
    await fetch(
        "UPDATE quarantined_ticket SET state = 'replayed', resolved_at = $2 "
        "WHERE tenant_id = $1 AND id = ANY ($3::uuid[])",
        *(clock.now(), went_in),
    )
    for row, fate in paired:
        if not isinstance(fate, Rejected):
            announce(TicketResolved(row["integration_id"], row["id"], "replayed"))
    await fetch(
        "UPDATE quarantined_ticket q SET field = t.field, code = t.code, found = t.found "
        "FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) "
        "AS t(id, field, code, found) WHERE q.tenant_id = $1 AND q.id = t.id",
        [ticket_id for ticket_id, _ in refused],
        *_columns([fault for _, fault in refused]),
    )
    return Replayed(len(went_in), len(refused))


async def replay(integration: str, after: UUID | None = None) -> tuple[Replayed, UUID | None]:
    """Tries up to 200 open tickets again, from after a ticket on; returns the last one tried."""
    wanted = Conditions().when("i.key = {}", integration).when("q.id > {}", after)
    rows = await fetch(
        f"{_OPEN} AND {wanted} ORDER BY q.id LIMIT {_REPLAY_BATCH} FOR UPDATE OF q", *wanted.values
    )
    outcome = await _replay(rows, [await _body(row) for row in rows])
    if rows:
        await record(
            "tickets.replayed",
            f"integration:{integration}",
            changes={"accepted": (None, outcome.accepted), "tried": (None, len(rows))},
        )
    return outcome, rows[-1]["id"] if rows else None


async def correct(ticket_id: UUID, corrections: object) -> Replayed:
    """Replaces top-level fields of one ticket and tries it again; the original stays if it fails.

    `corrections` is a JSON object of them; raises CorrectionInvalid for any other value, and
    TicketNotQuarantined.
    """
    if not isinstance(corrections, dict):
        raise CorrectionInvalid()
    rows = await fetch(f"{_OPEN} AND q.id = $2 FOR UPDATE OF q", ticket_id)
    if not rows:
        raise TicketNotQuarantined()
    body = await _body(rows[0])
    corrected = {**body, **corrections} if isinstance(body, dict) else dict(corrections)
    outcome = await _replay(rows, [corrected])
    before = body if isinstance(body, dict) else {}
    await record(
        "ticket.corrected",
        f"quarantined_ticket:{ticket_id}",
        changes={
            name[:120]: (_told(name, before.get(name)), _told(name, value))
            for name, value in corrections.items()
        },
    )
    return outcome


def _told(field: str, value: object) -> object:
    """A field's value as the audit may keep it: of who somebody is, only that it was there."""
    if value is None or field in _NOT_PERSONAL:
        return value
    return masked(str(value), field) if field == "phone" else "***"


async def discard(ticket_id: UUID) -> None:
    """Gives a ticket up for good."""
    rows = await fetch(
        "UPDATE quarantined_ticket SET state = 'discarded', resolved_at = $3 "
        "WHERE tenant_id = $1 AND id = $2 AND state = 'open' RETURNING integration_id",
        *(ticket_id, clock.now()),
    )
    if not rows:
        raise TicketNotQuarantined()
    await record("ticket.discarded", f"quarantined_ticket:{ticket_id}")
    announce(TicketResolved(rows[0]["integration_id"], ticket_id, "discarded"))
