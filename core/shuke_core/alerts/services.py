"""The verbs of alerts: raise one, acknowledge it, resolve it."""

from datetime import datetime
from uuid import UUID

from shuke_core.alerts.errors import AlertUnknown
from shuke_core.alerts.events import AlertChanged
from shuke_core.alerts.kinds import AlertKind
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.members.following import hold_members
from shuke_core.staff.addressees import Addressee


async def raise_alert(
    kind: AlertKind,
    key: str,
    subject: str,
    to: Addressee,
    *,
    member_id: UUID | None = None,
) -> bool:
    """Raises an alert for a person or a role; says whether it is new.

    While one of the same key stands, it only counts: whoever was told of it is not told again.
    `subject` names what it is about ("task:<id>"). However many raise it at once, one comes of it.
    """
    now = clock.now()
    person = to.staff_id
    if member_id is not None:
        member_id = (await hold_members([member_id])).get(member_id, member_id)
    rows = await fetch(
        "INSERT INTO alert AS a (tenant_id, id, kind, severity, key, subject, member_id, staff_id, "
        "role, times, raised_at, last_raised_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10) "
        "ON CONFLICT (tenant_id, key) WHERE resolved_at IS NULL "
        "DO UPDATE SET times = a.times + 1, last_raised_at = $10 RETURNING a.id, a.times",
        *(new_id(), kind.key, kind.severity.value, key, subject, member_id),
        *(person, None if person else to.role, now),
    )
    is_new: bool = rows[0]["times"] == 1
    if is_new:
        announce(AlertChanged(rows[0]["id"], to.route, "raised"))
    return is_new


async def resolve_alert(key: str) -> bool:
    """What the alert was about is over; says whether one stood."""
    rows = await fetch(
        "UPDATE alert SET resolved_at = $3 WHERE tenant_id = $1 AND key = $2 "
        "AND resolved_at IS NULL RETURNING id, staff_id, role",
        *(key, clock.now()),
    )
    for row in rows:
        to = Addressee(row["staff_id"], row["role"])
        announce(AlertChanged(row["id"], to.route, "resolved"))
    return bool(rows)


async def resolve_older(kind: AlertKind, before: datetime) -> int:
    """Resolves what was raised of the kind before then: it tells of something that was, not of
    something that lasts. Returns how many."""
    rows = await fetch(
        "SELECT key FROM alert WHERE tenant_id = $1 AND kind = $2 AND raised_at < $3 "
        "AND resolved_at IS NULL ORDER BY id",
        *(kind.key, before),
    )
    return sum([await resolve_alert(row["key"]) for row in rows])


async def acknowledge_alert(
    alert_id: UUID, staff_id: UUID, role: str, *, sees_all: bool = False
) -> None:
    """Somebody has seen it and takes care. Done twice, the first one's name stays.

    Raises AlertUnknown for one that is neither theirs nor their role's, unless they see all.
    """
    rows = await fetch(
        "SELECT staff_id, role, acknowledged_at FROM alert WHERE tenant_id = $1 AND id = $2 "
        "FOR UPDATE",
        alert_id,
    )
    if not rows or not (sees_all or rows[0]["staff_id"] == staff_id or rows[0]["role"] == role):
        raise AlertUnknown()
    if rows[0]["acknowledged_at"] is not None:
        return
    await fetch(
        "UPDATE alert SET acknowledged_by_id = $3, acknowledged_at = $4 "
        "WHERE tenant_id = $1 AND id = $2",
        *(alert_id, staff_id, clock.now()),
    )
    to = Addressee(rows[0]["staff_id"], rows[0]["role"])
    announce(AlertChanged(alert_id, to.route, "acknowledged"))
    await record("alert.acknowledged", f"alert:{alert_id}")
