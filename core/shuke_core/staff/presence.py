"""When somebody of the staff is there, and at which stores they work."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.staff.errors import AbsenceInvalid, ColleagueUnknown
from shuke_core.staff.events import StaffChanged
from shuke_core.tenants.errors import StoreUnknown


def present(staff: str, now: str) -> str:
    """The SQL condition that the row `staff` works here and is not away at `now`."""
    return (
        f"({staff}.state = 'active' AND ({staff}.away_from IS NULL OR {staff}.away_from > {now} "
        f"OR {staff}.away_until <= {now}))"
    )


async def set_away(staff_id: UUID, since: datetime | None, until: datetime | None) -> None:
    """Somebody is away from `since` until `until` (None: until told); `since` None: is back.

    Whom they look after stays theirs. Raises ColleagueUnknown, AbsenceInvalid.
    """
    if until is not None and (since is None or until <= since):
        raise AbsenceInvalid()
    rows = await fetch(
        "UPDATE staff SET away_from = $3, away_until = $4 WHERE tenant_id = $1 AND id = $2 "
        "AND state = 'active' RETURNING handle",
        *(staff_id, since, until),
    )
    if not rows:
        raise ColleagueUnknown()
    await record(
        "staff.away", f"staff:{rows[0]['handle']}", changes={"away": (None, [since, until])}
    )


async def stores_of(staff_id: UUID) -> set[UUID]:
    """The stores that somebody works at."""
    rows = await fetch(
        "SELECT store_id FROM staff_store WHERE tenant_id = $1 AND staff_id = $2", staff_id
    )
    return {row["store_id"] for row in rows}


async def set_stores(staff_id: UUID, store_ids: Collection[UUID]) -> None:
    """Somebody works at these stores and no others. Raises ColleagueUnknown, StoreUnknown.

    Open sockets follow, since whoever is narrowed to their stores sees others from now on.
    """
    staff = await fetch_one(
        "SELECT handle FROM staff WHERE tenant_id = $1 AND id = $2 AND state = 'active' FOR UPDATE",
        staff_id,
    )
    if staff is None:
        raise ColleagueUnknown()
    wanted = sorted(set(store_ids))
    codes = await _codes(wanted)
    if len(codes) != len(wanted):
        raise StoreUnknown()
    before = await _codes(await stores_of(staff_id))
    await fetch(
        "WITH gone AS (DELETE FROM staff_store WHERE tenant_id = $1 AND staff_id = $2 "
        "AND NOT store_id = ANY ($4::uuid[])) "
        "INSERT INTO staff_store (tenant_id, id, staff_id, store_id) "
        "SELECT $1, t.id, $2, t.store_id FROM unnest($3::uuid[], $4::uuid[]) AS t(id, store_id) "
        "ON CONFLICT (tenant_id, staff_id, store_id) DO NOTHING",
        *(staff_id, [new_id() for _ in wanted], wanted),
    )
    await record(
        "staff.stores",
        f"staff:{staff['handle']}",
        changes={"stores": (before, codes)},
    )
    announce(StaffChanged(staff_id))


async def _codes(store_ids: Collection[UUID]) -> list[str]:
    rows = await fetch(
        "SELECT code FROM store WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY code",
        list(store_ids),
    )
    return [row["code"] for row in rows]
