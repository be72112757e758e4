"""The inbox, worked off: messages are claimed under a lease, taken in, and marked done together.

A message that fails is tried again alone, so that it takes no other down with it, and is dead
after five attempts, with the reason. Tickets that can't be cleaned go into quarantine.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform
from uuid import UUID

import orjson

from shuke_core.events.outbox import announce
from shuke_core.integrations.events import MessageDone
from shuke_core.integrations.intake import Fate
from shuke_core.integrations.quarantine import Unfit, quarantine
from shuke_core.integrations.rows import Kind, RawRow, take_in_rows
from shuke_core.integrations.services import INBOX, ITEMS
from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place
from shuke_core.kit.faults import PASSING
from shuke_core.kit.traces import of_traces
from shuke_core.kit.transactions import current_tenant, fetch, in_unit_of_work, unit_of_work
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.queries import long_ago
from shuke_core.worker.drains import Drain, due_tenants
from shuke_core.worker.leases import Lease, Leased, leasing

BATCH = 20
BATCH_BYTES = 512 * 1024
ATTEMPTS = 5
CLAIMS = 20
KEPT = timedelta(days=30)
LEASED = Leased("inbox", waiting="pending", counts_claims=True)

log = logging.getLogger("shuke.inbox")


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: UUID
    integration_id: UUID
    source: str
    sealed: bytes
    received_at: datetime
    attempt: int
    trace: str | None


async def _due() -> list[UUID]:
    return await due_tenants("inbox", "q.state = 'pending' AND q.due_at <= now()")


async def _claim(lease: Lease) -> list[_Claimed]:
    """Due messages of one integration, up to twenty and half a megabyte; one that failed before
    comes alone. What was taken up twenty times without an outcome is dead: it kills its workers."""
    await fetch(
        "UPDATE inbox SET state = 'dead', lease = NULL, reason = $2 WHERE tenant_id = $1 "
        f"AND state = 'pending' AND due_at <= now() AND claims >= {CLAIMS}",
        f"taken up {CLAIMS} times without an outcome; look for a worker that dies of it",
    )
    rows = await lease.claim(
        """
        WITH due AS (
            SELECT b.id, b.integration_id, b.attempt, b.due_at, octet_length(b.sealed) AS bytes
              FROM inbox b
             WHERE b.tenant_id = $1 AND b.state = 'pending' AND b.due_at <= now()
             ORDER BY b.due_at LIMIT $4 FOR UPDATE SKIP LOCKED
        ), first AS (
            SELECT id, integration_id, attempt FROM due ORDER BY due_at, id LIMIT 1
        )
        SELECT d.id FROM (
            SELECT d.*, sum(bytes) OVER (ORDER BY due_at, id) AS upto FROM due d
        ) d CROSS JOIN first f
         WHERE d.id = f.id OR (f.attempt = 0 AND d.attempt = 0 AND d.upto <= $5
                               AND d.integration_id = f.integration_id)
        """,
        *(BATCH, BATCH_BYTES),
        returning="q.id, q.integration_id, (SELECT i.key FROM integration i WHERE i.tenant_id = $1 "
        "AND i.id = q.integration_id) AS source, q.sealed, q.received_at, q.attempt, q.trace",
    )
    return sorted((_Claimed(**row) for row in rows), key=lambda message: message.id)


async def _open(message: _Claimed) -> tuple[str, list[object]]:
    """What the message brings, and its rows."""
    keys = await tenant_keys()
    place = Place(current_tenant(), "inbox", message.id, "sealed")
    told = orjson.loads(keys.open(message.sealed, place))
    topic: str = told["type"]
    rows: list[object] = told["data"][topic]
    return topic, rows


async def _process(messages: Sequence[_Claimed]) -> None:
    owners: list[tuple[_Claimed, int]] = []
    rows: list[RawRow] = []
    for message in messages:
        topic, bodies = await _open(message)
        for row_no, body in enumerate(bodies, start=1):
            owners.append((message, row_no))
            kind = Kind.ITEM if topic == ITEMS else Kind.TICKET
            rows.append(RawRow(kind, body, message.received_at, message.trace))
    fates = await take_in_rows(messages[0].source, rows)
    counts: dict[UUID, Counter[str]] = {message.id: Counter() for message in messages}
    unfit: list[Unfit] = []
    for (message, row_no), row, fate in zip(owners, rows, fates, strict=True):
        if isinstance(fate, Rejected):
            unfit.append(
                Unfit(message.integration_id, message.id, row_no, row.body, fate, row.kind)
            )
            counts[message.id]["quarantined"] += 1
        else:
            counts[message.id]["accepted" if fate is Fate.ACCEPTED else "known"] += 1
    await quarantine(unfit)
    for message in messages:
        of_message = counts[message.id]
        announce(
            MessageDone(
                message.integration_id,
                message.id,
                of_message["accepted"],
                of_message["known"],
                of_message["quarantined"],
            )
        )
    await fetch(
        "UPDATE inbox m SET state = 'done', lease = NULL, done_at = $2, accepted = t.accepted, "
        "known = t.known, quarantined = t.quarantined, reason = NULL "
        "FROM unnest($3::uuid[], $4::int[], $5::int[], $6::int[]) "
        "AS t(id, accepted, known, quarantined) WHERE m.tenant_id = $1 AND m.id = t.id",
        clock.now(),
        list(counts),
        *([c[name] for c in counts.values()] for name in ("accepted", "known", "quarantined")),
    )


async def drain_inbox(tenant_id: UUID) -> bool:
    """One batch of the tenant's inbox; says whether more may wait."""
    async with leasing(LEASED, tenant_id) as lease:
        async with unit_of_work(tenant_id):
            messages = await _claim(lease)
        if not messages:
            return False
        ids = [message.id for message in messages]

        async def take() -> None:
            if await lease.holds(ids):
                await _process(messages)

        with of_traces([message.trace for message in messages]):
            try:
                await in_unit_of_work(tenant_id, take)
            except PASSING:
                raise  # nobody's poison: the lease runs out and they are due again
            except Exception as failure:
                log.exception("a batch of messages failed", extra={"messages": len(messages)})
                async with unit_of_work(tenant_id):
                    await lease.fail(ids, failure, most=ATTEMPTS, pause=_pause(messages))
    return True


def _pause(messages: Sequence[_Claimed]) -> float:
    """Of several messages nobody knows which one was at fault: they come again at once, alone."""
    return 0.0 if len(messages) > 1 else uniform(0, 2.0 ** messages[0].attempt)  # noqa: S311


async def redrive_dead_messages() -> int:
    """Gives the tenant's dead messages five new attempts; returns how many there were."""
    rows = await fetch(
        "UPDATE inbox SET state = 'pending', attempt = 0, claims = 0, due_at = now() "
        "WHERE tenant_id = $1 AND state = 'dead' AND sealed IS NOT NULL RETURNING id"
    )
    return len(rows)


async def forget_payloads() -> bool:
    """Deletes what messages and tickets said after thirty days, a thousand a step. A suspension is
    not counted: tickets that wait for a fix wait as long as they would have."""
    limit = await long_ago(KEPT)
    forgotten = await fetch(
        "UPDATE inbox SET sealed = NULL WHERE tenant_id = $1 AND id IN (SELECT id FROM inbox "
        "WHERE tenant_id = $1 AND received_at < $2 AND sealed IS NOT NULL "
        "AND state <> 'pending' LIMIT 1000) RETURNING id",
        limit,
    )
    tickets = await fetch(
        "UPDATE quarantined_ticket SET sealed = NULL, found = '', state = CASE state WHEN 'open' "
        "THEN 'discarded' ELSE state END WHERE tenant_id = $1 AND id IN (SELECT id "
        "FROM quarantined_ticket WHERE tenant_id = $1 AND quarantined_at < $2 "
        "AND sealed IS NOT NULL LIMIT 1000) RETURNING id",
        limit,
    )
    return bool(forgotten or tickets)


INBOX_DRAIN = Drain(INBOX, _due, drain_inbox)
