"""The verbs of tasks: create, claim, start, complete, cancel, hand over.

Each locks the task first and reads it after. Who holds a task decides what may be done with it;
`manages` says that the asker may do it with anybody's. Reminders are locked by their task.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shuke_core.alerts.services import resolve_alert
from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.following import hold_members
from shuke_core.staff.addressees import Addressee, check_addressee, check_sees_member
from shuke_core.staff.errors import AddresseeUnknown
from shuke_core.staff.roles import minding_roles
from shuke_core.tasks.errors import (
    TaskChanged,
    TaskDueInvalid,
    TaskEnded,
    TaskTaken,
    TaskUnknown,
)
from shuke_core.tasks.holders import person_in_charge
from shuke_core.tasks.rules import BACKSTOP, LONGEST_WAIT, reminders_of
from shuke_core.tasks.steps import (
    Held,
    end_task,
    lock_task,
    lock_tasks,
    note_steps,
    sealed_text,
    tell,
)

_ALIVE = frozenset({"open", "started"})


@dataclass(frozen=True, slots=True)
class Doer:
    """Who of the staff does something with a task. `manages`: with anybody's, not only their own."""

    staff_id: UUID
    role: str
    manages: bool = False


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is to be done, by whom, until when. `source` is interaction, hand or rule."""

    to: Addressee
    due_at: datetime
    member_id: UUID | None = None
    note: str | None = None
    source: str = "hand"
    interaction_id: UUID | None = None


def alert_key(task_id: UUID) -> str:
    """The key of the alert that a task is overdue."""
    return f"task.overdue:{task_id}"


async def create_task(task: NewTask) -> UUID:
    """Enters a task with its reminders; returns its id.

    Raises AddresseeUnknown, AddresseeBlind, TaskDueInvalid, TaskTextInvalid, and MemberUnknown for a
    member who is not there or not active.
    """
    now, task_id = clock.now(), new_id()
    if not now < task.due_at <= now + LONGEST_WAIT:
        raise TaskDueInvalid(days=LONGEST_WAIT.days)
    await check_addressee(task.to)
    if task.member_id is not None:
        about = (await hold_members([task.member_id])).get(task.member_id, task.member_id)
        await _check_about(about, task.to)
        task = replace(task, member_id=about)
    note = await sealed_text(task.note, task_id, "note", task.member_id)
    await fetch(
        "INSERT INTO task (tenant_id, id, member_id, staff_id, role, source, interaction_id, state, "
        "version, note, due_at, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', 1, $8, $9, $10)",
        *(task_id, task.member_id, task.to.staff_id, task.to.role, task.source),
        *(task.interaction_id, note, task.due_at, now),
    )
    slots = reminders_of(now, task.due_at)
    await fetch(
        "INSERT INTO task_reminder (tenant_id, id, task_id, kind, slot_at, due_at, state, attempt) "
        "SELECT $1, t.id, $2, t.kind, t.at, t.at, 'waiting', 0 "
        "FROM unnest($3::uuid[], $4::text[], $5::timestamptz[]) AS t(id, kind, at)",
        *(task_id, [new_id() for _ in slots], list(slots), list(slots.values())),
    )
    made = Held(
        *(task_id, task.member_id, None, task.to.role, task.source, task.interaction_id),
        state="open",
        version=1,
    )
    await note_steps([made], "created", [task.to])
    tell(task_id, "created", task.to)
    await record("task.created", f"task:{task_id}", member_id=task.member_id)
    return task_id


async def _check_about(member_id: UUID, to: Addressee) -> None:
    """Raises MemberUnknown for a member who is not there, AddresseeBlind for who does not see them."""
    row = await fetch_one(
        "SELECT advisor_id, store_id FROM member WHERE tenant_id = $1 AND id = $2 "
        "AND state IN ('visitor', 'active')",
        member_id,
    )
    if row is None:
        raise MemberUnknown()
    await check_sees_member(to, row["advisor_id"], row["store_id"])


async def claim_task(task_id: UUID, doer: Doer) -> None:
    """Takes a task of one's role; of many who claim it at once one gets it.

    Claimed again by its holder it stays as it is. Raises TaskUnknown, TaskEnded, TaskTaken.
    """
    task = await lock_task(task_id)
    if not _may_see(task, doer):
        raise TaskUnknown()
    _check_alive(task)
    if task.staff_id == doer.staff_id:
        return
    if task.staff_id is not None:
        raise TaskTaken()
    try:  # held: nobody claims what their leaving has not handed over
        await check_addressee(Addressee(doer.staff_id))
    except AddresseeUnknown:
        raise TaskUnknown() from None
    await fetch(
        "UPDATE task SET staff_id = $3, touched_at = coalesce(touched_at, $4), "
        "version = version + 1 WHERE tenant_id = $1 AND id = $2",
        *(task_id, doer.staff_id, clock.now()),
    )
    mine = Addressee(doer.staff_id, task.role)
    await note_steps([task], "claimed", [mine])
    tell(task_id, "claimed", task.holder, mine)
    await record("task.claimed", f"task:{task_id}", member_id=task.member_id)


async def start_task(task_id: UUID, doer: Doer) -> None:
    """Begins with one's task; begun already, it stays as it is. Raises TaskUnknown, TaskEnded."""
    task = await _own(task_id, doer, manages=False)
    if task.state == "started":
        return
    await fetch(
        "UPDATE task SET state = 'started', touched_at = coalesce(touched_at, $3), "
        "version = version + 1 WHERE tenant_id = $1 AND id = $2",
        *(task_id, clock.now()),
    )
    await note_steps([task], "started", [task.holder])
    tell(task_id, "started", task.holder)
    await record("task.started", f"task:{task_id}", member_id=task.member_id)


async def complete_task(task_id: UUID, doer: Doer, version: int, outcome: str | None) -> None:
    """The task is done, with a note on how it came out.

    Raises TaskUnknown, TaskEnded, TaskChanged unless it still is of that version, TaskTextInvalid.
    """
    task = await _own(task_id, doer, version=version)
    await _end(task, doer, "done", outcome)


async def cancel_task(task_id: UUID, doer: Doer, version: int, reason: str | None) -> None:
    """The task need not be done any more; its outcome says why. Raises as `complete_task`."""
    task = await _own(task_id, doer, version=version)
    await _end(task, doer, "cancelled", reason)


async def end_task_of(interaction_id: UUID, doer: Doer, state: str) -> None:
    """Ends the task that an interaction has become, if it has and the task is alive."""
    for task in await lock_tasks("interaction_id = $2 AND ended_at IS NULL", interaction_id):
        await _end(task, doer, state, None)


async def _end(task: Held, doer: Doer, state: str, text: str | None) -> None:
    outcome = await sealed_text(text, task.id, "outcome", task.member_id)
    await end_task(task, state, by=doer.staff_id, outcome=outcome)
    await resolve_alert(alert_key(task.id))
    await record(f"task.{state}", f"task:{task.id}", member_id=task.member_id)


async def hand_over_task(task_id: UUID, doer: Doer, to: Addressee, version: int) -> None:
    """Gives the task to somebody else, or to a role, where it is open anew.

    Raises TaskUnknown, TaskEnded, TaskChanged, AddresseeUnknown, AddresseeBlind.
    """
    task = await _own(task_id, doer, version=version)
    await check_addressee(to)
    if task.member_id is not None:
        await _check_about(task.member_id, to)
    await _give([task], [to], "handed_over")
    await record("task.handed_over", f"task:{task_id}", member_id=task.member_id)


async def hand_over_all(staff_id: UUID, role: str) -> int:
    """Gives away all open tasks of somebody who has left; returns how many.

    A task about a member goes to whoever is in charge of them by now, otherwise to its role, or to
    the one that the person had (`role`).
    """
    tasks = await lock_tasks("staff_id = $2 AND ended_at IS NULL", staff_id)
    if tasks:
        await _pass_on(tasks, role)
        await record("tasks.handed_over", f"staff:{staff_id}", changes={"tasks": (len(tasks), 0)})
    return len(tasks)


async def follow_member(member_id: UUID, staff_id: UUID) -> int:
    """The member is not this person's any more: neither are the open tasks about them, which go to
    whoever looks after them now. Returns how many."""
    tasks = await lock_tasks(
        "member_id = $2 AND staff_id = $3 AND ended_at IS NULL", member_id, staff_id
    )
    if tasks:
        await _pass_on(tasks, BACKSTOP)
    return len(tasks)


async def cancel_all_about(member_ids: Sequence[UUID]) -> int:
    """Nothing need be done about these members any more, whoever has it; returns how much was."""
    tasks = await lock_tasks("member_id = ANY ($2::uuid[]) AND ended_at IS NULL", member_ids)
    for task in tasks:
        await end_task(task, "cancelled", by=None, outcome=None)
        await resolve_alert(alert_key(task.id))
    return len(tasks)


async def _pass_on(tasks: list[Held], role: str) -> None:
    """Gives locked tasks to who is in charge of their members by now, else to a role that sees
    them: the task's, or `role`."""
    minding, to = await minding_roles(), list[Addressee]()
    for task in tasks:
        person = await person_in_charge(task.member_id) if task.member_id else None
        back = task.role or role
        to.append(Addressee(person, BACKSTOP if task.member_id and back not in minding else back))
    await _give(tasks, to, "handed_over")


async def _give(tasks: list[Held], to: list[Addressee], act: str) -> None:
    """Gives locked tasks away; they are open again until the next one begins."""
    await fetch(
        "UPDATE task SET staff_id = t.staff_id, role = coalesce(t.role, task.role), "
        "state = 'open', version = version + 1 "
        "FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS t(id, staff_id, role) "
        "WHERE task.tenant_id = $1 AND task.id = t.id",
        [task.id for task in tasks],
        [addressee.staff_id for addressee in to],
        [addressee.role for addressee in to],
    )
    await note_steps(tasks, act, to)
    for task, addressee in zip(tasks, to, strict=True):
        tell(task.id, act, task.holder, addressee)


async def escalate(task: Held) -> Addressee:
    """Takes a locked task that nobody has touched from its person, and gives it to its role, or to
    the backstop where that is gone or sees less by now; returns whose it is."""
    role = task.role if task.role in await minding_roles() else BACKSTOP
    to = Addressee(None, role)
    await _give([task], [to], "escalated")
    await fetch(
        "UPDATE task SET escalated_at = $3 WHERE tenant_id = $1 AND id = $2",
        *(task.id, clock.now()),
    )
    return to


def _may_see(task: Held, doer: Doer) -> bool:
    return doer.manages or task.staff_id == doer.staff_id or task.role == doer.role


def _check_alive(task: Held) -> None:
    if task.state not in _ALIVE:
        raise TaskEnded(state=task.state)


async def _own(
    task_id: UUID, doer: Doer, *, version: int | None = None, manages: bool = True
) -> Held:
    """The task, locked, if the doer holds it, or manages others' where that is enough."""
    task = await lock_task(task_id)
    if task.staff_id != doer.staff_id and not (manages and doer.manages):
        raise TaskUnknown()
    _check_alive(task)
    if version is not None and version != task.version:
        raise TaskChanged()
    return task
