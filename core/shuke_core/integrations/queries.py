"""Reads of integrations: how a link is doing, from the message to the points."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.events.queries import events_behind
from shuke_core.integrations.quarantine import WAITING, WaitingTicket
from shuke_core.kit.conditions import Conditions
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.rules.in_sql import Condition

_LATEST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Messages and tickets of an integration so far; `events_behind` is of the whole tenant."""

    received: int
    pending: int
    dead: int
    accepted: int
    known: int
    quarantined: int
    events_behind: int

    @property
    def is_through(self) -> bool:
        """Whether all that came has been worked off, its points included."""
        return not self.pending and not self.events_behind


async def progress_of(integration_id: UUID) -> Progress:
    """How far the integration's messages have come."""
    row = (
        await fetch(
            """
            SELECT count(*) AS received,
                   count(*) FILTER (WHERE state = 'pending') AS pending,
                   count(*) FILTER (WHERE state = 'dead') AS dead,
                   coalesce(sum(accepted), 0)::bigint AS accepted,
                   coalesce(sum(known), 0)::bigint AS known,
                   coalesce(sum(quarantined), 0)::bigint AS quarantined
              FROM inbox WHERE tenant_id = $1 AND integration_id = $2
            """,
            integration_id,
        )
    )[0]
    return Progress(**row, events_behind=await events_behind())


async def seconds_to_points() -> dict[str, float | None]:
    """`p50` and `p99` from a sale's arrival to its points, over the tenant's latest hundred
    thousand earnings. It sorts them all: for whoever runs a load, not for a page."""
    rows = await fetch(
        f"""
        WITH latest AS (
            SELECT cause_id, recorded_at FROM ledger_entry
             WHERE tenant_id = $1 AND cause_type = 'order' AND kind = 'earn'
             ORDER BY id DESC LIMIT {_LATEST_ENTRIES}
        ), seconds AS (
            SELECT extract(epoch FROM e.recorded_at - o.received_at)::float8 AS took
              FROM latest e JOIN orders o ON o.tenant_id = $1 AND o.id = e.cause_id AND o.told_whole
        )
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS p50,
               percentile_cont(0.99) WITHIN GROUP (ORDER BY took) AS p99 FROM seconds
        """
    )
    return rows[0]


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """A link to an outside system."""

    id: UUID
    key: str
    kind: str
    state: str
    created_at: datetime


async def all_integrations() -> list[IntegrationRow]:
    """The tenant's integrations, by key."""
    rows = await fetch(
        "SELECT id, key, kind, state, created_at FROM integration WHERE tenant_id = $1 ORDER BY key"
    )
    return [IntegrationRow(**row) for row in rows]


async def integration_by_key(key: str) -> IntegrationRow | None:
    """The integration of that key, whatever its state; None when there is none."""
    row = await fetch_one(
        "SELECT id, key, kind, state, created_at FROM integration WHERE tenant_id = $1 AND key = $2",
        key,
    )
    return IntegrationRow(**row) if row else None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message of the inbox: what became of it and its tickets, nothing of what it says."""

    id: UUID
    message_id: str
    state: str
    attempt: int
    received_at: datetime
    done_at: datetime | None
    accepted: int
    known: int
    quarantined: int
    reason: str | None


async def messages_before(
    integration_id: UUID, state: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[MessageRow]:
    """The integration's messages, of one state or all, newest first, after the cursor `before`."""
    at, message_id = before or (None, None)
    wanted = (
        Conditions("tenant_id = $1")
        .when("integration_id = {}", integration_id)
        .when("state = {}", state)
        .when("(received_at, id) < ({}, {})", at, message_id)
    )
    rows = await fetch(
        "SELECT id, message_id, state, attempt, received_at, done_at, accepted, known, "
        f"quarantined, reason FROM inbox WHERE {wanted} "
        f"ORDER BY received_at DESC, id DESC LIMIT {wanted.limit(limit)}",
        *wanted.values,
    )
    return [MessageRow(**row) for row in rows]


async def waiting_after(
    integration_id: UUID, after: UUID | None, limit: int, fits: Condition | None = None
) -> list[WaitingTicket]:
    """Open quarantined tickets of an integration, oldest first, from after that ticket on; those that
    fit the condition of a rule about tickets."""
    wanted = Conditions().when("q.integration_id = {}", integration_id).when("q.id > {}", after)
    if fits is not None:
        wanted.also(*fits.numbered("q", 1 + len(wanted.values)))
    rows = await fetch(
        f"{WAITING} AND {wanted} ORDER BY q.id LIMIT {wanted.limit(limit)}", *wanted.values
    )
    return [WaitingTicket(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that failed too often: whose it is, and why."""

    integration: str
    message_id: str
    received_at: datetime
    attempt: int
    reason: str | None


async def dead_messages(limit: int = 100) -> list[DeadMessage]:
    """The tenant's dead messages of all integrations, latest first."""
    rows = await fetch(
        "SELECT i.key AS integration, m.message_id, m.received_at, m.attempt, m.reason "
        "FROM inbox m JOIN integration i ON i.tenant_id = m.tenant_id AND i.id = m.integration_id "
        "WHERE m.tenant_id = $1 AND m.state = 'dead' ORDER BY m.received_at DESC, m.id LIMIT $2",
        limit,
    )
    return [DeadMessage(**row) for row in rows]
