"""The verbs of reveals: show one plain value, within limits that are counted in the database."""

from datetime import timedelta
from uuid import UUID

from shuke_core.alerts.kinds import AlertKind, Severity, declare_alert
from shuke_core.alerts.services import raise_alert, resolve_older
from shuke_core.audit.services import record
from shuke_core.disclosure.limits import Limits, disclosure_limits
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.following import member_now
from shuke_core.members.plain import plain_phones
from shuke_core.reveals.errors import RevealReasonMissing, RevealsTooMany
from shuke_core.reveals.rules import is_unusual
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.roles import ADMIN
from shuke_core.tenants.queries import this_tenant

ACT = "member.phone_revealed"
LONGEST_REASON = 200
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_REMEMBERED = timedelta(days=28)  # what is usual is taken from these
_STANDS = timedelta(days=7)  # so long an alert stands: what it tells of is then in the audit
_WATCHERS = Addressee(role=ADMIN)
_SWEPT = 1_000

UNUSUAL = declare_alert(
    AlertKind(
        "reveals.unusual",
        {"zh": "查看明文手机号异常频繁", "en": "Somebody reveals unusually many phones"},
        Severity.CRITICAL,
    )
)


async def reveal_phone(staff_id: UUID, member_id: UUID, reason: str) -> str | None:
    """The plain phone of a member, as E.164; None for one who has none. Told to the actor, who is
    `staff_id`; recorded with the reason, without the number.

    Raises RevealReasonMissing, MemberUnknown, RevealsTooMany.
    """
    purpose = _purpose(reason)
    await _count(staff_id, await disclosure_limits())
    member_id = await member_now(member_id)
    if not await fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND id = $2 AND state = 'active'", member_id
    ):
        raise MemberUnknown()
    phone = (await plain_phones([member_id])).get(member_id)
    await record(ACT, f"member:{member_id}", member_id=member_id, reason=purpose)
    return phone


def _purpose(reason: str) -> str:
    try:
        clean = clean_text(reason, longest=LONGEST_REASON)
    except Unclean:
        clean = None
    if clean is None:
        raise RevealReasonMissing(longest=LONGEST_REASON)
    return without_people(clean)[:LONGEST_REASON]


async def _count(staff_id: UUID, limits: Limits) -> None:
    """Counts one more of this person, one at a time: of many at once none passes the limit."""
    await lock_until_commit(f"reveals of {staff_id}")
    now = clock.now()
    made = await fetch_one(
        "SELECT count(*) AS within_a_day, count(*) FILTER (WHERE revealed_at > $4) AS within_an_hour "
        "FROM reveal WHERE tenant_id = $1 AND staff_id = $2 AND revealed_at > $3",
        *(staff_id, now - _DAY, now - _HOUR),
    )
    within_a_day = made["within_a_day"] + 1 if made else 1
    within_an_hour = made["within_an_hour"] + 1 if made else 1
    if within_an_hour > limits.hourly or within_a_day > limits.daily:
        raise RevealsTooMany(an_hour=limits.hourly, a_day=limits.daily)
    await fetch(
        "INSERT INTO reveal (tenant_id, id, staff_id, revealed_at) VALUES ($1, $2, $3, $4)",
        *(new_id(), staff_id, now),
    )
    if is_unusual(within_a_day, await _days_before(staff_id), limits.unusual):
        today = now.astimezone((await this_tenant()).zone).date()
        key = f"{UNUSUAL.key}:{staff_id}:{today}"  # one a person and day
        await raise_alert(UNUSUAL, key, f"staff:{staff_id}", _WATCHERS)


async def _days_before(staff_id: UUID) -> list[int]:
    now = clock.now()
    rows = await fetch(
        "SELECT count(*) AS made FROM reveal WHERE tenant_id = $1 AND staff_id = $2 "
        "AND revealed_at > $3 AND revealed_at <= $4 "
        "GROUP BY floor(extract(epoch FROM $4 - revealed_at) / 86400)",
        *(staff_id, now - _REMEMBERED, now - _DAY),
    )
    return [row["made"] for row in rows]


async def forget_reveals() -> bool:
    """Forgets what counts for nothing any more, and ends alerts of a week ago; says whether more
    may be left."""
    now = clock.now()
    await resolve_older(UNUSUAL, now - _STANDS)
    rows = await fetch(
        "DELETE FROM reveal WHERE tenant_id = $1 AND id IN (SELECT id FROM reveal "
        f"WHERE tenant_id = $1 AND revealed_at <= $2 ORDER BY revealed_at LIMIT {_SWEPT}) "
        "RETURNING id",
        now - _REMEMBERED,
    )
    return len(rows) == _SWEPT
