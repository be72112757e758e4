"""What all verbs of tasks share: a task locked, its steps written, its people told."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.members.texts import clean_lines, seal_text
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.errors import TaskTextInvalid, TaskUnknown
from shuke_core.tasks.events import TaskEnded, TaskMoved
from shuke_core.tasks.rules import LONGEST_TEXT


@dataclass(frozen=True, slots=True)
class Held:
    """A task whose row is locked until the unit ends."""

    id: UUID
    member_id: UUID | None
    staff_id: UUID | None
    role: str | None
    source: str
    interaction_id: UUID | None
    state: str
    version: int
    is_touched: bool = False

    @property
    def holder(self) -> Addressee:
        """Whose it is."""
        return Addressee(self.staff_id, self.role)


_HELD = (
    "id, member_id, staff_id, role, source, interaction_id, state, version, "
    "(touched_at IS NOT NULL) AS is_touched"
)


async def lock_task(task_id: UUID) -> Held:
    """The task, locked and read after the wait; raises TaskUnknown."""
    found = await lock_tasks("id = $2", task_id)
    if not found:
        raise TaskUnknown()
    return found[0]


async def lock_tasks(condition: str, *values: object, skip_locked: bool = False) -> list[Held]:
    """The tasks that the condition finds, in the order of their ids; `values` are $2 and on.

    With `skip_locked` those are left out that somebody is at.
    """
    rows = await fetch(
        f"SELECT {_HELD} FROM task WHERE tenant_id = $1 AND {condition} ORDER BY id FOR UPDATE"
        f"{' SKIP LOCKED' if skip_locked else ''}",
        *values,
    )
    return [Held(**row) for row in rows]


async def note_steps(tasks: Sequence[Held], act: str, to: Sequence[Addressee]) -> None:
    """Writes what became of each task, and whose it is now."""
    actor = current_actor()
    await fetch(
        "INSERT INTO task_step (tenant_id, id, task_id, act, from_staff_id, to_staff_id, to_role, "
        "by_id, at) SELECT $1, t.id, t.task_id, $2, t.from_staff, t.to_staff, t.to_role, $3, $4 "
        "FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::text[]) "
        "AS t(id, task_id, from_staff, to_staff, to_role)",
        *(act, actor.id if actor.kind == "staff" else None, clock.now()),
        [new_id() for _ in tasks],
        [task.id for task in tasks],
        [task.staff_id for task in tasks],
        [addressee.staff_id for addressee in to],
        [addressee.role for addressee in to],
    )


def tell(task_id: UUID, change: str, *people: Addressee) -> None:
    """Tells each of these people or roles once."""
    for route in dict.fromkeys(addressee.route for addressee in people):
        announce(TaskMoved(task_id, route, change))


async def end_task(task: Held, state: str, *, by: UUID | None, outcome: bytes | None) -> None:
    """Ends a locked task that is alive: reminders that wait are dropped with it.

    What nobody had claimed becomes the task of whoever ended it.
    """
    now, holder = clock.now(), Addressee(task.staff_id or by, task.role)
    await fetch(
        "UPDATE task SET state = $3, ended_at = $4, outcome = coalesce($5, outcome), "
        "touched_at = coalesce(touched_at, $4), staff_id = coalesce(staff_id, $6), "
        "version = version + 1 WHERE tenant_id = $1 AND id = $2",
        *(task.id, state, now, outcome, by),
    )
    await fetch(
        "UPDATE task_reminder SET state = 'dropped' WHERE tenant_id = $1 AND task_id = $2 "
        "AND state = 'waiting'",
        task.id,
    )
    await note_steps([task], state, [holder])
    tell(task.id, state, task.holder, holder)
    announce(TaskEnded(task.id, task.interaction_id, state))


async def sealed_text(
    text: str | None, row_id: UUID, column: str, member_id: UUID | None
) -> bytes | None:
    """The text cleaned and sealed for a task's row; None for none. Raises TaskTextInvalid."""
    if text is None:
        return None
    try:
        clean = clean_lines(text, longest=LONGEST_TEXT)
    except Unclean:
        clean = None
    if clean is None:
        raise TaskTextInvalid(longest=LONGEST_TEXT)
    return await seal_text(clean, "task", row_id, column, member_id)
