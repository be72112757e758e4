"""Reads of staff."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.conditions import Conditions
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.projection.declare import ID, Projection
from shuke_core.staff.errors import StaffUnknown


@dataclass(frozen=True, slots=True)
class StaffRow:
    """Somebody of the staff in a list."""

    handle: str
    name: str
    role: str
    state: str
    joined_at: datetime


async def all_staff() -> list[StaffRow]:
    """Everybody who works or has worked here, by handle."""
    rows = await fetch(
        "SELECT handle, name, role, state, joined_at FROM staff WHERE tenant_id = $1 "
        "ORDER BY handle"
    )
    return [StaffRow(**row) for row in rows]


async def id_of_handle(handle: str) -> UUID:
    """Whose handle it is; raises StaffUnknown."""
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    if row is None:
        raise StaffUnknown(handle=handle)
    found: UUID = row["id"]
    return found


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Somebody of the staff as an administrator sees them; `locked_until` is the longest lock."""

    id: UUID
    handle: str
    name: str
    role: str
    state: str
    joined_at: datetime
    has_second_factor: bool
    locked_until: datetime | None


async def accounts_before(
    state: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[AccountRow]:
    """Who works here, those who came last first, after the cursor `before` in that order."""
    at, staff_id = before or (None, None)
    wanted = (
        Conditions("s.tenant_id = $1")
        .when("s.state = {}", state)
        .when("(s.joined_at, s.id) < ({}, {})", at, staff_id)
    )
    return await _accounts(
        f"{wanted} ORDER BY s.joined_at DESC, s.id DESC LIMIT {wanted.limit(limit)}", wanted
    )


async def account_of(staff_id: UUID) -> AccountRow | None:
    """One of them."""
    wanted = Conditions("s.tenant_id = $1").when("s.id = {}", staff_id)
    rows = await _accounts(str(wanted), wanted)
    return rows[0] if rows else None


async def _accounts(which: str, wanted: Conditions) -> list[AccountRow]:
    rows = await fetch(
        "SELECT s.id, s.handle, s.name, s.role, s.state, s.joined_at, "
        "c.confirmed_at IS NOT NULL AS has_second_factor, "
        "(SELECT max(l.until) FROM credential_lock l WHERE l.tenant_id = $1 "
        "AND l.staff_id = s.id) AS locked_until FROM staff s "
        "LEFT JOIN credential c ON c.tenant_id = s.tenant_id AND c.staff_id = s.id "
        f"WHERE {which}",
        *wanted.values,
    )
    now, found = clock.now(), [AccountRow(**row) for row in rows]
    return [
        each if each.locked_until and each.locked_until > now else replace(each, locked_until=None)
        for each in found
    ]


class Colleague(Projection, table="staff"):
    """Somebody of the staff, as colleagues see them."""

    id: ID
    handle: str
    name: str
