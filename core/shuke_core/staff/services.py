"""The verbs of staff: take somebody on, let them go, hand out tokens."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from shuke_core.access.errors import TokenInvalid
from shuke_core.access.rights import Rights
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.crypto import token_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, fetch, read
from shuke_core.staff.codes import withdraw_codes
from shuke_core.staff.errors import StaffUnknown
from shuke_core.staff.events import StaffChanged, StaffLeft
from shuke_core.staff.leaving import pass_everything_on
from shuke_core.staff.roles import OF_THE_ROLE, checked_role, rights_in
from shuke_core.staff.sessions import (
    IDLE_LIFE,
    TOKEN_BYTES,
    TOKEN_LIFE,
    USE_NOTED,
    note_use,
    revoke_all,
)
from shuke_core.tenants.services import checked_name, checked_slug


@dataclass(frozen=True, slots=True)
class StaffCard:
    """Who somebody of the staff is, and what they may do and see. `session` is their token's id;
    who `is_enrolling` may do nothing until they have set up a second factor."""

    id: UUID
    handle: str
    name: str
    role: str
    rights: Rights
    session: UUID
    is_enrolling: bool = False


async def add_staff(handle: str, name: str, role: str) -> bool:
    """Takes somebody on; says whether they are new. Who is there takes the new name and role.

    Raises SlugInvalid, NameInvalid, RoleUnknown.
    """
    checked_slug(handle, "staff")
    await checked_role(role)
    rows = await fetch(
        "INSERT INTO staff (tenant_id, id, handle, name, role, state, joined_at) "
        "VALUES ($1, $2, $3, $4, $5, 'active', $6) ON CONFLICT (tenant_id, handle) DO UPDATE "
        "SET name = excluded.name, role = excluded.role, state = 'active' "
        "RETURNING id, (xmax = 0) AS is_new",
        *(new_id(), handle, checked_name(name, "staff"), role, clock.now()),
    )
    changes = {"handle": (None, handle), "role": (None, role)}
    await record("staff.added", f"staff:{rows[0]['id']}", changes=changes)
    is_new: bool = rows[0]["is_new"]
    if not is_new:
        announce(StaffChanged(rows[0]["id"]))
    return is_new


async def leave(handle: str, hand_over_to: UUID | None = None) -> None:
    """Somebody leaves: their tokens are revoked with it, and what was theirs goes to whoever is
    named, else to nobody. Raises StaffUnknown, and what refuses to be passed on."""
    rows = await fetch(
        "UPDATE staff SET state = 'left' WHERE tenant_id = $1 AND handle = $2 "
        "AND state <> 'left' RETURNING id",
        handle,
    )
    if not rows:
        raise StaffUnknown(handle=handle)
    await withdraw_codes(rows[0]["id"])
    await revoke_all(rows[0]["id"])
    await pass_everything_on(rows[0]["id"], hand_over_to)
    await record("staff.left", f"staff:{rows[0]['id']}")
    announce(StaffLeft(rows[0]["id"]))


async def issue_staff_token(handle: str) -> str:
    """A new access token, twelve hours long. Only its hash is kept. Raises StaffUnknown."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    rows = await fetch(
        "INSERT INTO staff_token (tenant_id, id, staff_id, digest, expires_at, created_at) "
        "SELECT $1, $2, s.id, $4, $5, $6 FROM staff s "
        "WHERE s.tenant_id = $1 AND s.handle = $3 AND s.state = 'active' RETURNING staff_id",
        *(new_id(), handle, token_digest(token), now + TOKEN_LIFE, now),
    )
    if not rows:
        raise StaffUnknown(handle=handle)
    await record("staff.token_issued", f"staff:{rows[0]['staff_id']}")
    return token


_CARD = (
    "SELECT t.digest, t.id AS session, t.kind = 'enrolment' AS is_enrolling, "
    f"t.kind = 'session' AND t.used_at < $3 AS is_used, s.id, s.handle, s.name, {OF_THE_ROLE} "
    "FROM staff_token t JOIN staff s ON s.tenant_id = t.tenant_id AND s.id = t.staff_id "
    "WHERE t.tenant_id = $1 AND t.revoked_at IS NULL AND t.expires_at > $2 "
    "AND s.state = 'active' AND (t.kind <> 'session' OR t.used_at > $4)"
)


async def staff_of_token(token: str) -> StaffCard:
    """Whose token it is; raises TokenInvalid for an unknown, revoked, idle or expired one alike."""
    found = await staff_of_digests([token_digest(token)])
    if not found:
        raise TokenInvalid()
    return next(iter(found.values()))


async def staff_of_digests(digests: Collection[bytes]) -> dict[bytes, StaffCard]:
    """Whose tokens these are, by the tokens' digests; those that hold no more are left out.

    That a session is used is noted once in some minutes, here.
    """
    now = clock.now()
    rows = await read(
        f"{_CARD} AND t.digest = ANY ($5::bytea[])",
        *(now, now - USE_NOTED, now - IDLE_LIFE, list(digests)),
    )
    if used := [row["session"] for row in rows if row["is_used"]]:
        await note_use(used)
    return {bytes(row["digest"]): _card(row) for row in rows}


def _card(row: Row) -> StaffCard:
    enrolling = row["is_enrolling"]
    return StaffCard(
        id=row["id"],
        handle=row["handle"],
        name=row["name"],
        role=row["role"],
        rights=Rights() if enrolling else rights_in(row),
        session=row["session"],
        is_enrolling=enrolling,
    )
