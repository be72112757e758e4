"""The verbs of people's rights: ask for one's data, a correction, to be erased; what staff answer."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import DeadlockDetectedError, SerializationError

from shuke_core.access.permissions import MEMBERS_ERASE, PRIVACY_REQUESTS
from shuke_core.alerts.kinds import AlertKind, Severity, declare_alert
from shuke_core.alerts.services import raise_alert, resolve_alert
from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.faults import PASSING
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import Row, fetch, fetch_one, fetch_value, savepoint
from shuke_core.members.following import lock_member
from shuke_core.members.texts import clean_lines, seal_text
from shuke_core.personal_data.document import document_of
from shuke_core.personal_data.erasure import erase
from shuke_core.personal_data.errors import (
    ErasureNotConfirmed,
    ErasureReasonMissing,
    MemberMerged,
    RightsRequestInvalid,
    RightsRequestsTooMany,
    RightsRequestUnknown,
)
from shuke_core.personal_data.rules import (
    CONFIRMATIONS,
    GRACE,
    LONGEST_NOTE,
    ErasureGround,
    PersonalDataRight,
    due_on,
    is_confirmed,
)
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.roles import ADMIN
from shuke_core.stepup.operations import Arguments, demands_step_up
from shuke_core.tenants.queries import this_tenant

MOST_A_DAY = 5  # requests of a kind: a document costs a statement for each table there is
LONGEST_REASON = 200
# The night's next slot is a day off: less than that, so that it is due by then.
PUT_OFF = timedelta(hours=12)
_DAY = timedelta(days=1)

FAILED = declare_alert(
    AlertKind(
        "personal_data.erasure_failed",
        {
            "zh": "会员注销失败,将于次日夜间重试",
            "en": "An erasure failed; it is tried again each night",
        },
        Severity.CRITICAL,
    )
)

log = logging.getLogger("shuke.personal_data")


def alert_key(request_id: UUID) -> str:
    """The key of the alert that a request is overdue."""
    return f"personal_data.overdue:{request_id}"


def failed_key(request_id: UUID) -> str:
    """The key of the alert that an erasure failed."""
    return f"personal_data.erasure_failed:{request_id}"


async def take_my_data(member_id: UUID) -> dict[str, Any]:
    """All that is held of the member, as one document; that it was asked for stays.

    Raises MemberUnknown, RightsRequestsTooMany.
    """
    member_id = await _hold(member_id)
    await _check_pace(member_id, PersonalDataRight.ACCESS)
    document = await document_of(member_id)
    await _enter(member_id, PersonalDataRight.ACCESS, done=True)
    return document


async def ask_correction(member_id: UUID, note: str) -> UUID:
    """Asks staff to correct what the member can't change by themselves; the request's id.

    Raises MemberUnknown, RightsRequestInvalid, RightsRequestsTooMany.
    """
    try:
        clean = clean_lines(note, longest=LONGEST_NOTE)
    except Unclean:
        clean = None
    if clean is None:
        raise RightsRequestInvalid(longest=LONGEST_NOTE)
    member_id = await _hold(member_id)
    await _check_pace(member_id, PersonalDataRight.CORRECTION)
    return await _enter(member_id, PersonalDataRight.CORRECTION, note=clean)


async def ask_erasure(member_id: UUID, confirmation: str) -> UUID:
    """Asks to be erased, once the days of grace are over; asked for already, it stays as it was.

    Raises ErasureNotConfirmed, MemberUnknown.
    """
    if not is_confirmed(confirmation):
        raise ErasureNotConfirmed(words=", ".join(sorted(CONFIRMATIONS)))
    member_id = await _hold(member_id)
    row = await fetch_one(
        "SELECT id FROM rights_request WHERE tenant_id = $1 AND member_id = $2 AND kind = $3 "
        "AND state = 'open'",
        *(member_id, PersonalDataRight.ERASURE.value),
    )
    if row is not None:
        standing: UUID = row["id"]
        return standing
    return await _enter(member_id, PersonalDataRight.ERASURE)


async def cancel_erasure(member_id: UUID) -> None:
    """The member stays after all. Raises RightsRequestUnknown where nothing was asked for."""
    rows = await fetch(
        "UPDATE rights_request SET state = 'withdrawn', done_at = $4 WHERE tenant_id = $1 "
        "AND member_id = $2 AND kind = $3 AND state = 'open' RETURNING id",
        *(member_id, PersonalDataRight.ERASURE.value, clock.now()),
    )
    if not rows:
        raise RightsRequestUnknown()
    await _resolve_alerts(rows)


async def answer_request(request_id: UUID, answer: str, *, refused: bool) -> None:
    """A correction was made, or is refused; the member reads the answer.

    Access and erasure are done by what does them. Raises RightsRequestUnknown, RightsRequestInvalid.
    """
    row = await fetch_one(
        "SELECT member_id FROM rights_request WHERE tenant_id = $1 AND id = $2 AND kind = $3 "
        "AND state = 'open' FOR UPDATE",
        *(request_id, PersonalDataRight.CORRECTION.value),
    )
    if row is None:
        raise RightsRequestUnknown()
    try:
        clean = clean_lines(answer, longest=LONGEST_NOTE)
    except Unclean:
        clean = None
    if clean is None:
        raise RightsRequestInvalid(longest=LONGEST_NOTE)
    state = "refused" if refused else "done"
    sealed = await seal_text(clean, "rights_request", request_id, "answer", row["member_id"])
    await fetch(
        "UPDATE rights_request SET state = $3, answer = $4, done_at = $5, done_by_id = $6 "
        "WHERE tenant_id = $1 AND id = $2",
        *(request_id, state, sealed, clock.now(), _staff()),
    )
    await resolve_alert(alert_key(request_id))
    await record(
        "rights_request.answered",
        f"rights_request:{request_id}",
        changes={"state": ("open", state)},
        member_id=row["member_id"],
    )


async def _card_of(given: Arguments) -> str:
    """Whom it is about, as approvers and the audit see it: the end of a card number."""
    row = await fetch_one(
        "SELECT right(card_no, 4) AS ending FROM member WHERE tenant_id = $1 AND id::text = $2",
        str(given["member"]),
    )
    return f"…{row['ending']}" if row else "?"


@demands_step_up(
    "members.erase",
    {"zh": "注销会员", "en": "Erase a member"},
    MEMBERS_ERASE,
    describe=_card_of,
)
async def erase_member(member: UUID, ground: ErasureGround) -> None:
    """Erases a member at once, on a ground that stays in the audit. Raises MemberUnknown, and
    MemberMerged for the id of one who was merged: with them all that the other holds would go.
    """
    if await _hold(member) != member:
        raise MemberMerged()
    await _close_all(member)
    await erase(member, ground.value)


@demands_step_up(
    "members.hand_over_data",
    {"zh": "代会员导出其全部个人数据", "en": "Hand all of a member's data over"},
    PRIVACY_REQUESTS,
    describe=_card_of,
)
async def hand_over_data(member: UUID, reason: str) -> dict[str, Any]:
    """The document of a member's data, for staff who hand it to them.

    Raises ErasureReasonMissing, MemberUnknown, RightsRequestsTooMany.
    """
    purpose = _reason(reason)
    member = await _hold(member)
    document = await take_my_data(member)
    await record("member.data_handed_over", f"member:{member}", member_id=member, reason=purpose)
    return document


async def erase_next() -> bool:
    """Erases the member whose days of grace ended first; says whether another waits.

    One that fails is undone alone, put off, and told of: it keeps nobody else from being erased.
    """
    rows = await fetch(
        "SELECT id, member_id FROM rights_request WHERE tenant_id = $1 AND kind = $2 "
        "AND state = 'open' AND acts_at <= $3 ORDER BY acts_at, id LIMIT 2 FOR UPDATE",
        *(PersonalDataRight.ERASURE.value, clock.now()),
    )
    if not rows:
        return False
    request_id, member_id = rows[0]["id"], rows[0]["member_id"]
    try:
        async with savepoint():
            await _close_all(member_id)
            await erase(member_id, "asked_in_app")
    except (*PASSING, SerializationError, DeadlockDetectedError):
        raise  # of the whole unit, which is tried again
    except Exception:
        log.exception("an erasure failed", extra={"request": str(request_id)})
        await _put_off(request_id)
    return len(rows) > 1


async def _put_off(request_id: UUID) -> None:
    """Not before the next night; administrators are told until it is done or withdrawn."""
    await fetch(
        "UPDATE rights_request SET attempts = attempts + 1, acts_at = $3 "
        "WHERE tenant_id = $1 AND id = $2",
        *(request_id, clock.now() + PUT_OFF),
    )
    subject = f"rights_request:{request_id}"
    await raise_alert(FAILED, failed_key(request_id), subject, Addressee(role=ADMIN))


async def _hold(member_id: UUID) -> UUID:
    """Holds who that is now: what is asked for at once is asked one after the other."""
    return await lock_member(member_id, "NO KEY UPDATE")


async def _check_pace(member_id: UUID, kind: PersonalDataRight) -> None:
    made = await fetch_value(
        "SELECT count(*) FROM rights_request WHERE tenant_id = $1 AND member_id = $2 "
        "AND asked_at > $3 AND kind = $4",
        *(member_id, clock.now() - _DAY, kind.value),
    )
    if made >= MOST_A_DAY:
        raise RightsRequestsTooMany(most=MOST_A_DAY)


async def _enter(
    member_id: UUID, kind: PersonalDataRight, *, note: str | None = None, done: bool = False
) -> UUID:
    request_id, now = new_id(), clock.now()
    sealed = (
        await seal_text(note, "rights_request", request_id, "note", member_id) if note else None
    )
    await fetch(
        "INSERT INTO rights_request (tenant_id, id, member_id, kind, state, note, asked_at, due_on, "
        "acts_at, done_at, asked_by_id, done_by_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        *(request_id, member_id, kind.value, "done" if done else "open", sealed, now),
        due_on(now.astimezone((await this_tenant()).zone).date()),
        now + GRACE if kind is PersonalDataRight.ERASURE and not done else None,
        now if done else None,
        *(_staff(), _staff() if done else None),
    )
    return request_id


async def _resolve_alerts(requests: Sequence[Row]) -> None:
    for row in requests:
        await resolve_alert(alert_key(row["id"]))
        await resolve_alert(failed_key(row["id"]))


async def _close_all(member_id: UUID) -> None:
    """What is open of somebody who is erased now is over; that they were erased is part of the trail."""
    rows = await fetch(
        "UPDATE rights_request SET state = CASE kind WHEN $3 THEN 'done' ELSE 'withdrawn' END, "
        "done_at = $4, done_by_id = $5 WHERE tenant_id = $1 AND state = 'open' AND member_id IN "
        "(SELECT id FROM member WHERE tenant_id = $1 AND (id = $2 OR merged_into_id = $2)) "
        "RETURNING id, kind",
        *(member_id, PersonalDataRight.ERASURE.value, clock.now(), _staff()),
    )
    await _resolve_alerts(rows)
    if not any(row["kind"] == PersonalDataRight.ERASURE.value for row in rows):
        await _enter(member_id, PersonalDataRight.ERASURE, done=True)


def _staff() -> UUID | None:
    actor = current_actor()
    return actor.id if actor.kind == "staff" else None


def _reason(reason: str) -> str:
    try:
        clean = clean_text(reason, longest=LONGEST_REASON)
    except Unclean:
        clean = None
    if clean is None:
        raise ErasureReasonMissing(longest=LONGEST_REASON)
    return without_people(clean)[:LONGEST_REASON]
