"""Reads of tasks: what the API shows of them, and how advisors do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from shuke_core.kit.transactions import fetch
from shuke_core.members.queries import Member
from shuke_core.projection.declare import ID, Page, Projection, many, one, pages, python
from shuke_core.projection.reads import Read
from shuke_core.staff.queries import Colleague
from shuke_core.tasks.errors import PeriodInvalid

LONGEST_PERIOD = timedelta(days=366)
_TO_DO = "this.ended_at is null"


class TaskState(Enum):
    """How far a task has come."""

    OPEN = "open"
    STARTED = "started"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskSource(Enum):
    """What a task came of."""

    INTERACTION = "interaction"
    HAND = "hand"
    RULE = "rule"


class TaskAct(Enum):
    """What became of a task."""

    CREATED = "created"
    CLAIMED = "claimed"
    STARTED = "started"
    HANDED_OVER = "handed_over"
    ESCALATED = "escalated"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskStep(Projection, table="task_step"):
    """One step of a task."""

    act: TaskAct
    at: datetime
    by: Colleague | None = one("this.id = parent.by_id")
    from_person: Colleague | None = one("this.id = parent.from_staff_id")
    to_person: Colleague | None = one("this.id = parent.to_staff_id")
    to_role: str | None


class Task(Projection, table="task"):
    """Something to be done by somebody until a time."""

    id: ID
    state: TaskState
    source: TaskSource
    version: int
    member: Member | None = one("this.id = parent.member_id")
    person: Colleague | None = one("this.id = parent.staff_id")
    role: str | None
    note: str | None = python("id", "member_id", "note")
    outcome: str | None = python("id", "member_id", "outcome")
    due_at: datetime
    created_at: datetime
    touched_at: datetime | None
    escalated_at: datetime | None
    ended_at: datetime | None
    steps: list[TaskStep] = many("this.task_id = parent.id", order="this.at, this.id")


class MemberTasks(Projection, joins=Member):
    """A member's tasks, whosever they are."""

    tasks: Page[Task] = pages("this.member_id = parent.id", newest="created_at")


@dataclass(frozen=True, slots=True)
class TaskList:
    """Which tasks are asked for. Whoever does not see everybody's (`sees_all`) gets their own and,
    unclaimed, those of their role."""

    staff_id: UUID
    role: str
    sees_all: bool
    mine: bool = False
    of_role: str | None = None
    state: TaskState | None = None
    due_before: datetime | None = None

    def conditions(self) -> tuple[str, ...]:
        """As SQL over `this`; without a state those that are to be done."""
        found = [_TO_DO if self.state is None else "this.state = :state"]
        if self.mine:
            found.append("this.staff_id = :me")
        if self.of_role is not None:
            found += ["this.role = :of_role", "this.staff_id is null"]
        if not (self.mine or self.sees_all):
            found.append(_OWN_OR_OF_ROLE)
        return (*found, "this.due_at < :due_before")


_OWN_OR_OF_ROLE = "(this.staff_id = :me or (this.role = :my_role and this.staff_id is null))"


def tasks_listed(wanted: TaskList, first: int, after: str | None) -> Read:
    """The tasks asked for, what is due first first."""
    return Read.page(
        Task,
        *wanted.conditions(),
        newest="created_at",
        by="due_at",
        listed="tasks",
        given={
            "first": first,
            "after": after,
            "me": wanted.staff_id,
            "my_role": wanted.role,
            "of_role": wanted.of_role,
            "state": wanted.state,
            "due_before": wanted.due_before,
        },
    )


def task_of_id(task_id: UUID, staff_id: UUID, role: str, *, sees_all: bool) -> Read:
    """A task that the asker may see: their own, one of their role, or any if they see all."""
    given = {"id": task_id, "me": staff_id, "my_role": role}
    limits = () if sees_all else ("(this.staff_id = :me or this.role = :my_role)",)
    return Read.one(Task, "this.id = :id", *limits, given=given)


def task_told(task_id: UUID) -> Read:
    """A task by id; whether its asker may see it is for the caller to know."""
    return Read.one(Task, "this.id = :id", given={"id": task_id})


@dataclass(frozen=True, slots=True)
class Performance:
    """What one person got done in a period. `first_touch` is the median in seconds."""

    staff_id: UUID
    handle: str
    name: str
    done: int
    on_time: int
    late: int
    first_touch: float


async def performance_between(start: datetime, end: datetime) -> list[Performance]:
    """How everybody who has done a task in the period did, by handle; raises PeriodInvalid.

    A task counts for whoever had it when it was done; what was cancelled counts for nobody.
    """
    if not start < end <= start + LONGEST_PERIOD:
        raise PeriodInvalid(days=LONGEST_PERIOD.days)
    rows = await fetch(
        """
        SELECT s.id AS staff_id, s.handle, s.name, count(*) AS done,
               count(*) FILTER (WHERE t.ended_at <= t.due_at) AS on_time,
               count(*) FILTER (WHERE t.ended_at > t.due_at) AS late,
               percentile_cont(0.5) WITHIN GROUP (
                   ORDER BY extract(epoch FROM t.touched_at - t.created_at)::float8
               ) AS first_touch
          FROM task t JOIN staff s ON s.tenant_id = t.tenant_id AND s.id = t.staff_id
         WHERE t.tenant_id = $1 AND t.state = 'done' AND t.ended_at >= $2 AND t.ended_at < $3
         GROUP BY s.id, s.handle, s.name ORDER BY s.handle
        """,
        *(start, end),
    )
    return [Performance(**row) for row in rows]
