"""The verbs of integrations: set one up, receive what it sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.integrations.errors import (
    IntegrationReserved,
    IntegrationUnknown,
    MessageMalformed,
    MessageTypeUnknown,
)
from shuke_core.integrations.events import MessageTaken
from shuke_core.integrations.signatures import new_secret, verify
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.traces import current_trace
from shuke_core.kit.transactions import current_tenant, fetch
from shuke_core.orders.channels import OF_THE_HOUSE
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.services import SLUG, checked_slug
from shuke_core.worker.wake import wake_after_commit

INBOX = "inbox"
# What messages may bring: their type is also the key of the list in `data`.
TICKETS, ITEMS = "tickets", "items"
TOPICS = (TICKETS, ITEMS)
MOST_TICKETS = 500
OVERLAP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is safe in the inbox, with so many tickets or items. `known`: it had come before,
    nothing happened again."""

    message_id: str
    tickets: int
    known: bool


async def add_integration(key: str) -> str | None:
    """Sets up a signed webhook; returns its secret, once, or None when it is there already.

    Raises SlugInvalid, and IntegrationReserved for what is a channel of orders here.
    """
    checked_slug(key, "integration")
    if key in OF_THE_HOUSE:
        raise IntegrationReserved(key=key)
    rows = await fetch(
        "INSERT INTO integration (tenant_id, id, key, kind, state, created_at) "
        "VALUES ($1, $2, $3, 'webhook', 'active', $4) "
        "ON CONFLICT (tenant_id, key) DO NOTHING RETURNING id",
        *(new_id(), key, clock.now()),
    )
    if not rows:
        return None
    await record("integration.added", f"integration:{key}")
    return await _add_secret(rows[0]["id"])


async def rotate_secret(key: str) -> str:
    """Gives the integration a new secret; the old ones stay valid for one more day."""
    integration_id = await integration_of(key)
    await fetch(
        "UPDATE integration_secret SET expires_at = $3 "
        "WHERE tenant_id = $1 AND integration_id = $2 AND expires_at IS NULL",
        *(integration_id, clock.now() + OVERLAP),
    )
    await record("integration.secret_rotated", f"integration:{key}")
    return await _add_secret(integration_id)


async def _add_secret(integration_id: UUID) -> str:
    secret, row_id, keys = new_secret(), new_id(), await tenant_keys()
    place = Place(current_tenant(), "integration_secret", row_id, "sealed")
    await fetch(
        "INSERT INTO integration_secret (tenant_id, id, integration_id, sealed, created_at) "
        "VALUES ($1, $2, $3, $4, $5)",
        *(row_id, integration_id, seal(keys.sealing, secret.encode(), place), clock.now()),
    )
    return secret


async def integration_of(key: str) -> UUID:
    """The id of an active integration; raises IntegrationUnknown."""
    rows = await fetch(
        "SELECT id FROM integration WHERE tenant_id = $1 AND key = $2 AND state = 'active'", key
    )
    if not rows:
        raise IntegrationUnknown(key=key)
    found: UUID = rows[0]["id"]
    return found


async def verify_sender(key: str, headers: Mapping[str, str], body: bytes) -> tuple[UUID, str]:
    """The integration's id and the message's, if one of its secrets has signed this body.

    Raises IntegrationUnknown, or SignatureRefused with the code of what is wrong.
    """
    if not SLUG.fullmatch(key):
        raise IntegrationUnknown(key=key)
    rows = await fetch(
        "SELECT i.id AS integration_id, s.id, s.sealed FROM integration i "
        "LEFT JOIN integration_secret s ON s.tenant_id = i.tenant_id AND s.integration_id = i.id "
        "AND (s.expires_at IS NULL OR s.expires_at > $3) "
        "WHERE i.tenant_id = $1 AND i.key = $2 AND i.state = 'active'",
        *(key, clock.now()),
    )
    if not rows:
        raise IntegrationUnknown(key=key)
    keys, tenant_id = await tenant_keys(), current_tenant()
    secrets = [
        keys.open(
            row["sealed"], Place(tenant_id, "integration_secret", row["id"], "sealed")
        ).decode()
        for row in rows
        if row["id"] is not None
    ]
    return rows[0]["integration_id"], verify(secrets, headers, body, now=clock.now())


def _rows_in(body: bytes) -> int:
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise MessageMalformed(problem=f"it is not JSON ({fault}).") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MessageMalformed(problem='it must be an object with a "type".')
    topic = message["type"]
    if topic not in TOPICS:
        raise MessageTypeUnknown(type=topic[:60])
    data = message.get("data")
    rows = data.get(topic) if isinstance(data, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_TICKETS:
        raise MessageMalformed(problem=f'"data.{topic}" must be a list of 1 to {MOST_TICKETS}.')
    return len(rows)


async def receive_message(key: str, headers: Mapping[str, str], body: bytes) -> Received:
    """Takes a signed message into the inbox; when this returns and commits, it can't get lost.

    Only the signature and the outer form are looked at here. Cleaning is the worker's. Raises
    IntegrationUnknown, SignatureRefused, MessageMalformed, MessageTypeUnknown; then nothing is kept.
    """
    integration_id, message_id = await verify_sender(key, headers, body)
    tickets = _rows_in(body)
    row_id, now, keys = new_id(), clock.now(), await tenant_keys()
    rows = await fetch(
        "INSERT INTO inbox (tenant_id, id, integration_id, message_id, sealed, state, attempt, "
        "claims, due_at, received_at, accepted, known, quarantined, trace) "
        "VALUES ($1, $2, $3, $4, $5, 'pending', 0, 0, now(), $6, 0, 0, 0, $7) "
        "ON CONFLICT (tenant_id, integration_id, message_id) DO NOTHING RETURNING id",
        row_id,
        integration_id,
        message_id,
        seal(keys.sealing, body, Place(current_tenant(), "inbox", row_id, "sealed")),
        now,
        current_trace(),
    )
    if rows:
        announce(MessageTaken(integration_id, row_id, tickets))
        wake_after_commit(INBOX)
    return Received(message_id, tickets, known=not rows)
