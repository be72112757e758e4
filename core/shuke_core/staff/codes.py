"""Codes that are good once: invites, resets, and sign-ins that wait for the second factor."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.crypto import token_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch

LIVES = {
    "invite": timedelta(days=7),
    "reset": timedelta(days=1),
    "challenge": timedelta(minutes=5),
}
MOST_TRIES = 5
_BYTES = 24


@dataclass(frozen=True, slots=True)
class Code:
    """A code, told this once, and until when it is good."""

    code: str
    expires_at: datetime


async def make_code(staff_id: UUID, kind: str) -> Code:
    """A new code of that kind. Of invites and resets the former ones are withdrawn."""
    if kind != "challenge":
        await withdraw_codes(staff_id)
    code, now = secrets.token_urlsafe(_BYTES), clock.now()
    await fetch(
        "INSERT INTO staff_code (tenant_id, id, staff_id, kind, digest, tries, created_at, "
        "expires_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)",
        *(new_id(), staff_id, kind, token_digest(code), now, now + LIVES[kind]),
    )
    return Code(code, now + LIVES[kind])


async def use_code(code: str, kind: str) -> UUID | None:
    """Whose code it is, used up with it; None where it is not good. Of two at once one gets it."""
    rows = await fetch(
        "UPDATE staff_code SET used_at = $4 WHERE tenant_id = $1 AND digest = $2 AND kind = $3 "
        "AND used_at IS NULL AND expires_at > $4 RETURNING staff_id",
        *(token_digest(code), kind, clock.now()),
    )
    return rows[0]["staff_id"] if rows else None


async def try_challenge(code: str) -> UUID | None:
    """Whose sign-in waits under this code; counts a try of it. None where it is not good."""
    rows = await fetch(
        "UPDATE staff_code SET tries = tries + 1 WHERE tenant_id = $1 AND digest = $2 "
        "AND kind = 'challenge' AND used_at IS NULL AND expires_at > $3 AND tries < $4 "
        "RETURNING staff_id",
        *(token_digest(code), clock.now(), MOST_TRIES),
    )
    return rows[0]["staff_id"] if rows else None


async def withdraw_codes(staff_id: UUID) -> int:
    """Invites and resets of somebody are good no more; how many were."""
    rows = await fetch(
        "UPDATE staff_code SET used_at = $3 WHERE tenant_id = $1 AND staff_id = $2 "
        "AND kind <> 'challenge' AND used_at IS NULL AND expires_at > $3 RETURNING id",
        *(staff_id, clock.now()),
    )
    return len(rows)
