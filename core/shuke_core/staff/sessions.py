"""Sessions: opened by a sign-in, listed, revoked; a token that is not used for two hours ends.

A revocation is announced as `staff.changed`, so that open sockets close at once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.crypto import keyed_digest, token_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.staff.errors import SessionUnknown
from shuke_core.staff.events import StaffChanged
from shuke_core.tenants.keyring import tenant_keys

TOKEN_LIFE = timedelta(hours=12)
ENROLMENT_LIFE = timedelta(minutes=15)
IDLE_LIFE = timedelta(hours=2)
USE_NOTED = timedelta(minutes=5)  # how far behind `used_at` may be
KNOWN_FOR = timedelta(days=30)
TOKEN_BYTES = 32
_LONGEST_AGENT = 120


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session's token, told this once. Who must enrol can do nothing else with it."""

    token: str
    expires_at: datetime
    must_enrol: bool = False


@dataclass(frozen=True, slots=True)
class SessionRow:
    """An open session or issued token in a list; `source` is masked."""

    id: UUID
    kind: str
    source: str
    agent: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


async def open_session(staff_id: UUID, *, must_enrol: bool) -> OpenedSession:
    """Signs somebody in, from where the actor of the unit comes from."""
    actor, now, token = current_actor(), clock.now(), secrets.token_urlsafe(TOKEN_BYTES)
    kind, life = ("enrolment", ENROLMENT_LIFE) if must_enrol else ("session", TOKEN_LIFE)
    await fetch(
        "INSERT INTO staff_token (tenant_id, id, staff_id, digest, expires_at, created_at, "
        "used_at, kind, source, source_shown, agent) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10)",
        *(new_id(), staff_id, token_digest(token), now + life, now, kind),
        *(await source_digest(actor.source), masked_source(actor.source), _agent(actor.agent)),
    )
    await record("staff.signed_in", f"staff:{staff_id}")
    return OpenedSession(token, now + life, must_enrol)


async def source_digest(source: str) -> bytes:
    """By what a source is known again; keyed, for addresses are few."""
    return keyed_digest((await tenant_keys()).digesting, "staff source", source)


def masked_source(source: str) -> str:
    """An address without what tells one telephone from its neighbours: 203.0.113.*"""
    try:
        address = ip_address(source)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return ":".join(address.exploded.split(":")[:3]) + ":*"
    return source.rpartition(".")[0] + ".*"


def _agent(agent: str) -> str:
    return "".join(each for each in agent if each.isprintable())[:_LONGEST_AGENT]


async def sessions_of(staff_id: UUID) -> list[SessionRow]:
    """Somebody's open sessions and tokens, the newest first."""
    now = clock.now()
    rows = await fetch(
        "SELECT id, kind, source_shown AS source, agent, created_at, used_at, expires_at "
        "FROM staff_token WHERE tenant_id = $1 AND staff_id = $2 AND revoked_at IS NULL "
        "AND expires_at > $3 AND (kind <> 'session' OR used_at > $4) ORDER BY created_at DESC, id",
        *(staff_id, now, now - IDLE_LIFE),
    )
    return [SessionRow(**row) for row in rows]


async def note_use(sessions: Sequence[UUID]) -> None:
    """These are used now. Whoever else notes it at this moment is not waited for."""
    await fetch(
        "UPDATE staff_token SET used_at = $3 WHERE tenant_id = $1 AND id IN ("
        "SELECT id FROM staff_token WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
        "ORDER BY id FOR UPDATE SKIP LOCKED)",
        *(list(sessions), clock.now()),
    )


async def revoke_session(staff_id: UUID, session: UUID) -> None:
    """Ends one. Raises SessionUnknown, also for another person's."""
    rows = await fetch(
        "UPDATE staff_token SET revoked_at = $4 WHERE tenant_id = $1 AND id = $3 "
        "AND staff_id = $2 AND revoked_at IS NULL AND expires_at > $4 RETURNING id",
        *(staff_id, session, clock.now()),
    )
    if not rows:
        raise SessionUnknown()
    await record("staff.session_revoked", f"staff:{staff_id}")
    announce(StaffChanged(staff_id))


async def sign_out_everywhere(staff_id: UUID) -> int:
    """Ends all of somebody's sessions and tokens; how many there were."""
    ended = await revoke_all(staff_id)
    await record("staff.signed_out", f"staff:{staff_id}", changes={"sessions": (ended, 0)})
    return ended


async def revoke_all(staff_id: UUID, *, but: UUID | None = None) -> int:
    """Revokes tokens, and waiting sign-ins with them; for verbs that record why."""
    now = clock.now()
    rows = await fetch(
        "UPDATE staff_token SET revoked_at = $3 WHERE tenant_id = $1 AND staff_id = $2 "
        "AND revoked_at IS NULL AND id <> $4 RETURNING id",
        *(staff_id, now, but or new_id()),
    )
    await fetch(
        "UPDATE staff_code SET used_at = $3 WHERE tenant_id = $1 AND staff_id = $2 "
        "AND kind = 'challenge' AND used_at IS NULL",
        *(staff_id, now),
    )
    announce(StaffChanged(staff_id))
    return len(rows)
