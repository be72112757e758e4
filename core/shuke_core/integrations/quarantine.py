"""Quarantine: tickets that could not be cleaned wait with field and reason until a fix lets them in.

The fix may be outside the ticket (the missing store was added) or in it (staff correct a field).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from shuke_core.integrations.errors import TicketNotQuarantined
from shuke_core.integrations.intake import RawTicket, take_in
from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal, unseal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, current_tenant, fetch
from shuke_core.tenants.keyring import tenant_keys

_DIGITS = re.compile(r"\d{5,}")
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
    quarantined_at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many tickets of a replay went in, and how many still can't."""

    accepted: int
    still_quarantined: int


def masked(found: str) -> str:
    """What was found, with the middle of every longer row of digits hidden: it may be a phone."""
    return _DIGITS.sub(lambda m: m[0][:2] + "*" * (len(m[0]) - 4) + m[0][-2:], found)[:120]


async def quarantine(
    integration_id: UUID, message_id: UUID, row_no: int, body: object, why: Rejected
) -> None:
    """Puts one ticket aside with field and reason."""
    row_id, keys = new_id(), await tenant_keys()
    place = Place(current_tenant(), "quarantined_ticket", row_id, "sealed")
    await fetch(
        "INSERT INTO quarantined_ticket (tenant_id, id, integration_id, message_id, row_no, sealed, "
        "field, code, found, state, quarantined_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10)",
        row_id,
        integration_id,
        message_id,
        row_no,
        seal(keys.sealing, orjson.dumps(body), place),
        why.field[:120],
        why.code,
        masked(why.found),
        clock.now(),
    )


async def waiting_tickets(integration: str, limit: int = 100) -> list[WaitingTicket]:
    """Open tickets of an integration, oldest first."""
    rows = await fetch(
        "SELECT q.id, i.key AS integration, m.message_id, q.row_no, q.field, q.code, q.found, "
        "q.quarantined_at FROM quarantined_ticket q "
        "JOIN integration i ON i.tenant_id = q.tenant_id AND i.id = q.integration_id "
        "JOIN inbox m ON m.tenant_id = q.tenant_id AND m.id = q.message_id "
        "WHERE q.tenant_id = $1 AND i.key = $2 AND q.state = 'open' ORDER BY q.id LIMIT $3",
        *(integration, limit),
    )
    return [WaitingTicket(**row) for row in rows]


_OPEN = """
SELECT q.id, q.integration_id, i.key AS source, q.sealed, m.received_at
  FROM quarantined_ticket q
  JOIN integration i ON i.tenant_id = q.tenant_id AND i.id = q.integration_id
  JOIN inbox m ON m.tenant_id = q.tenant_id AND m.id = q.message_id
 WHERE q.tenant_id = $1 AND q.state = 'open' AND q.sealed IS NOT NULL
"""


async def _body(row: Row) -> object:
    keys = await tenant_keys()
    place = Place(current_tenant(), "quarantined_ticket", row["id"], "sealed")
    return orjson.loads(unseal(keys.sealing, row["sealed"], place))


async def _replay(rows: Sequence[Row], bodies: Sequence[object]) -> Replayed:
    if not rows:
        return Replayed(0, 0)
    tickets = [RawTicket(b, r["received_at"]) for r, b in zip(rows, bodies, strict=True)]
    fates = await take_in(rows[0]["source"], tickets)
    accepted = 0
    for row, fate in zip(rows, fates, strict=True):
        if isinstance(fate, Rejected):
            await fetch(
                "UPDATE quarantined_ticket SET field = $3, code = $4, found = $5 "
                "WHERE tenant_id = $1 AND id = $2",
                *(row["id"], fate.field[:120], fate.code, masked(fate.found)),
            )
        else:
            accepted += 1
            await fetch(
                "UPDATE quarantined_ticket SET state = 'replayed', resolved_at = $3 "
                "WHERE tenant_id = $1 AND id = $2",
                *(row["id"], clock.now()),
            )
    return Replayed(accepted, len(rows) - accepted)


async def replay(integration: str, after: UUID | None = None) -> tuple[Replayed, UUID | None]:
    """Tries up to 200 open tickets again, from after a ticket on; returns the last one tried."""
    rows = await fetch(
        f"{_OPEN} AND i.key = $2 AND ($3::uuid IS NULL OR q.id > $3) "
        f"ORDER BY q.id LIMIT {_REPLAY_BATCH} FOR UPDATE OF q",
        *(integration, after),
    )
    outcome = await _replay(rows, [await _body(row) for row in rows])
    return outcome, rows[-1]["id"] if rows else None


async def correct(ticket_id: UUID, corrections: Mapping[str, object]) -> Replayed:
    """Replaces top-level fields of one ticket and tries it again; the original stays if it fails."""
    rows = await fetch(f"{_OPEN} AND q.id = $2 FOR UPDATE OF q", ticket_id)
    if not rows:
        raise TicketNotQuarantined(ticket_id=ticket_id)
    body = await _body(rows[0])
    corrected = {**body, **corrections} if isinstance(body, dict) else dict(corrections)
    return await _replay(rows, [corrected])


async def discard(ticket_id: UUID) -> None:
    """Gives a ticket up for good."""
    rows = await fetch(
        "UPDATE quarantined_ticket SET state = 'discarded', resolved_at = $3 "
        "WHERE tenant_id = $1 AND id = $2 AND state = 'open' RETURNING id",
        *(ticket_id, clock.now()),
    )
    if not rows:
        raise TicketNotQuarantined(ticket_id=ticket_id)
