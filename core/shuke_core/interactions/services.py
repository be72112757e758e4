"""The verbs of interactions: record one, answer it, close it.

What comes in, its follow-up and the task that the tenant's rule makes of it are one commit: there
is no inquiry without somebody who sees it. What a member wrote is sealed under their key.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.interactions.errors import (
    InteractionInvalid,
    InteractionNotOpen,
    InteractionsTooMany,
    InteractionUnknown,
)
from shuke_core.interactions.events import InteractionRecorded
from shuke_core.interactions.follow_up import rule_for
from shuke_core.interactions.forms import current_form
from shuke_core.interactions.rules import MOST_AN_HOUR, Kind, checked_answers, checked_text
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.following import lock_member
from shuke_core.members.texts import seal_text
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.holders import person_in_charge
from shuke_core.tasks.services import Doer, NewTask, create_task, end_task_of

_HOUR = timedelta(hours=1)
_NAME = re.compile(r"[!-~]{1,120}")  # as programs name things: printable ASCII without blanks
_LONGEST_SOURCE = 40
_LONGEST = {"channel": 40, "scene": 40, "subject": 80}
# What a member sends by themselves; the rest comes through programs that bound it.
_BY_HAND = frozenset({Kind.INQUIRY, Kind.FORM, Kind.FEEDBACK})


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """What a member said or did. A form has `form` and `answers`, feedback a `rating` of one to
    five; `subject` names what it is about, such as a campaign."""

    member_id: UUID
    kind: Kind
    text: str | None = None
    form: str = ""
    answers: Mapping[str, Any] | None = None
    rating: int | None = None
    channel: str = "mini_program"
    scene: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a program outside calls something: the program, such as the key of an integration, and
    its name there, such as the id of a message. Together it is a business identity."""

    source: str
    external_no: str


async def record_interaction(new: NewInteraction) -> UUID:
    """Records what a member did here, and makes a task of it where the tenant's rule wants one;
    returns its id.

    Raises MemberUnknown, InteractionsTooMany, InteractionInvalid, InteractionTextInvalid,
    FormUnknown, AnswersInvalid.
    """
    interaction_id = await _record(new, None)
    assert interaction_id is not None  # noqa: S101 (nothing that it could be a second one of)
    return interaction_id


async def record_told(new: NewInteraction, told: Told) -> UUID:
    """Records what a program outside tells, a message to the service account or participation in a
    campaign: once for ever, however often and by how many at once it is told; returns its id.

    What has been told already is not looked at again: the first word stands. Raises as
    `record_interaction`, but no InteractionsTooMany for what members don't send by themselves.
    """
    if not _NAME.fullmatch(told.source) or not _NAME.fullmatch(told.external_no):
        raise InteractionInvalid(why="its source or its name there is no name")
    if len(told.source) > _LONGEST_SOURCE:
        raise InteractionInvalid(why=f"its source has more than {_LONGEST_SOURCE} characters")
    known = await _told_as(told) or await _record(new, told) or await _told_as(told)
    assert known is not None  # noqa: S101 (whoever was faster has committed, and nothing is deleted)
    return known


async def _told_as(told: Told) -> UUID | None:
    row = await fetch_one(
        "SELECT id FROM interaction WHERE tenant_id = $1 AND source = $2 AND external_no = $3 "
        "AND external_no IS NOT NULL",
        *(told.source, told.external_no),
    )
    return row["id"] if row else None


async def _record(new: NewInteraction, told: Told | None) -> UUID | None:
    """The new one's id; None where somebody else has recorded what was told meanwhile."""
    # The member's row is held: erasing and merging wait, and so do others of the same member.
    new = replace(new, member_id=await lock_member(new.member_id))
    if new.kind in _BY_HAND:
        await _check_pace(new.member_id)
    form = await current_form(new.form) if new.kind is Kind.FORM else None
    said: dict[str, Any] = {}
    if form is not None:
        said["answers"] = checked_answers(form.questions, new.answers)
    if new.text is not None:
        said["text"] = checked_text(new.text)
    _check_fits(new, said)
    where = {name: _short(getattr(new, name), name) for name in _LONGEST}
    interaction_id, now = new_id(), clock.now()
    sealed = None
    if said:
        words = orjson.dumps(said).decode()
        sealed = await seal_text(words, "interaction", interaction_id, "sealed", new.member_id)
    made = await fetch(
        "INSERT INTO interaction (tenant_id, id, member_id, kind, form_id, channel, scene, subject, "
        "rating, sealed, recorded_at, source, external_no) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
        "ON CONFLICT (tenant_id, source, external_no) WHERE external_no IS NOT NULL DO NOTHING "
        "RETURNING id",
        *(interaction_id, new.member_id, new.kind.value, form.id if form else None),
        *(where["channel"], where["scene"], where["subject"], new.rating, sealed, now),
        *((told.source, told.external_no) if told else (None, None)),
    )
    if not made:
        return None
    await _follow_up(new, interaction_id)
    return interaction_id


async def _check_pace(member_id: UUID) -> None:
    rows = await fetch(
        "SELECT id FROM interaction WHERE tenant_id = $1 AND member_id = $2 AND recorded_at > $3 "
        f"LIMIT {MOST_AN_HOUR}",
        *(member_id, clock.now() - _HOUR),
    )
    if len(rows) >= MOST_AN_HOUR:
        raise InteractionsTooMany(most=MOST_AN_HOUR)


def _check_fits(new: NewInteraction, said: Mapping[str, Any]) -> None:
    if (new.rating is not None) != (new.kind is Kind.FEEDBACK):
        raise InteractionInvalid(why="feedback, and only that, has a rating")
    if new.rating is not None and not 1 <= new.rating <= 5:
        raise InteractionInvalid(why="a rating is one to five")
    if new.kind in (Kind.INQUIRY, Kind.MESSAGE) and "text" not in said:
        raise InteractionInvalid(why="there is no text")
    if new.kind is Kind.CAMPAIGN and not new.subject:
        raise InteractionInvalid(why="it does not say which campaign")


def _short(text: str, name: str) -> str:
    """Where it came from and what it is about: words of a program, never of a person."""
    try:
        return clean_text(text, longest=_LONGEST[name]) or ""
    except Unclean:
        raise InteractionInvalid(why=f"its {name} is illegible or too long") from None


async def _follow_up(new: NewInteraction, interaction_id: UUID) -> None:
    """Opens the follow-up where the rule makes a task, and tells who is to see it first."""
    rule, now = await rule_for(new.kind, new.form), clock.now()
    person = await person_in_charge(new.member_id) if rule.to_advisor else None
    to = Addressee(person, rule.role)
    announce(InteractionRecorded(interaction_id, new.member_id, new.kind.value, to.route))
    if not rule.makes_task:
        return
    await fetch(
        "INSERT INTO interaction_follow_up (tenant_id, id, interaction_id, member_id, state, "
        "asked_at) VALUES ($1, $2, $3, $4, 'open', $5)",
        *(new_id(), interaction_id, new.member_id, now),
    )
    due_at = now + timedelta(minutes=rule.due_minutes)
    await create_task(
        NewTask(to, due_at, new.member_id, source="interaction", interaction_id=interaction_id)
    )


async def answer_interaction(interaction_id: UUID, doer: Doer, answer: str) -> None:
    """Answers an open interaction; the member can read it, and its task is done.

    Raises InteractionUnknown, InteractionNotOpen, InteractionTextInvalid.
    """
    text, found = checked_text(answer), await _lock_open(interaction_id)
    sealed = await seal_text(
        text, "interaction_follow_up", found["id"], "answer", found["member_id"]
    )
    await _end(interaction_id, found, "answered", doer, sealed)
    await end_task_of(interaction_id, doer, "done")


async def close_interaction(interaction_id: UUID, doer: Doer, reason: str = "") -> None:
    """Closes an open interaction without an answer; its task is cancelled.

    Raises InteractionUnknown, InteractionNotOpen.
    """
    await _end(interaction_id, await _lock_open(interaction_id), "closed", doer, None, reason)
    await end_task_of(interaction_id, doer, "cancelled")


async def _lock_open(interaction_id: UUID) -> dict[str, Any]:
    """The follow-up, locked; one that never had to be followed up is closed."""
    row = await fetch_one(
        "SELECT id, member_id, state FROM interaction_follow_up "
        "WHERE tenant_id = $1 AND interaction_id = $2 FOR UPDATE",
        interaction_id,
    )
    if row is None:
        raise InteractionUnknown()
    if row["state"] != "open":
        raise InteractionNotOpen(state=row["state"])
    return row


async def _end(
    interaction_id: UUID,
    follow_up: Mapping[str, Any],
    state: str,
    doer: Doer,
    answer: bytes | None,
    reason: str = "",
) -> None:
    await fetch(
        "UPDATE interaction_follow_up SET state = $3, answer = $4, ended_by_id = $5, ended_at = $6 "
        "WHERE tenant_id = $1 AND id = $2",
        *(follow_up["id"], state, answer, doer.staff_id, clock.now()),
    )
    await record(
        f"interaction.{state}",
        f"interaction:{interaction_id}",
        member_id=follow_up["member_id"],
        reason=reason,
    )


async def close_all_about(member_ids: Collection[UUID]) -> None:
    """Closes whatever is open of what these members said."""
    await fetch(
        "UPDATE interaction_follow_up SET state = 'closed', ended_at = $3 WHERE tenant_id = $1 "
        "AND member_id = ANY ($2::uuid[]) AND state = 'open'",
        *(list(member_ids), clock.now()),
    )


async def close_with_tasks(interactions: Collection[UUID]) -> None:
    """Closes what is still open of interactions whose tasks have ended otherwise: a call was made,
    or nothing need be done."""
    await fetch(
        "UPDATE interaction_follow_up SET state = 'closed', ended_at = $3 WHERE tenant_id = $1 "
        "AND interaction_id = ANY ($2::uuid[]) AND state = 'open'",
        *(sorted(interactions), clock.now()),
    )
