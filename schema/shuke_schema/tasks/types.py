"""GraphQL types of tasks (任务)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.tasks.queries import Performance, TaskAct, TaskSource, TaskState
from shuke_core.tasks.queries import Task as TaskRow
from shuke_schema.context import opaque
from shuke_schema.members.texts import opened
from shuke_schema.rights import needs, shown_as, shows
from shuke_schema.staff.types import Colleague

if TYPE_CHECKING:
    from shuke_schema.members.types import Member

strawberry.enum(TaskState, description="How far a task has come.")
strawberry.enum(TaskSource, description="What a task came of: an interaction, a hand, a rule.")
strawberry.enum(TaskAct, description="What became of a task.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="One step of a task; it never changes.")
class TaskStep:
    act: TaskAct
    at: datetime
    by: Colleague | None = strawberry.field(description="Null: the system.")
    from_person: Colleague | None
    to_person: Colleague | None
    to_role: str | None


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something to be done by somebody until a time.")
class Task:
    id: strawberry.ID
    state: TaskState
    source: TaskSource
    version: int = strawberry.field(description="To be handed in with changes.")
    member: Annotated["Member", strawberry.lazy("shuke_schema.members.types")] | None = (
        strawberry.field(description="Whom it is about.", metadata=needs(MEMBERS_READ))
    )
    person: Colleague | None = strawberry.field(
        description="Whose it is; null: of whoever in the role claims it."
    )
    role: str | None
    due_at: datetime
    created_at: datetime
    touched_at: datetime | None = strawberry.field(description="When somebody first took it up.")
    escalated_at: datetime | None = strawberry.field(
        description="When it went to its role since nobody had touched it in time."
    )
    ended_at: datetime | None
    steps: list[TaskStep]

    @strawberry.field(
        description="What is to be done; null also when the member has been erased.",
        metadata=shown_as(FieldClass.CONTACT),
    )
    async def note(self, parent: strawberry.Parent[TaskRow]) -> str | None:
        return await _text(parent, "note")

    @strawberry.field(
        description="How it came out; null also when the member has been erased.",
        metadata=shown_as(FieldClass.CONTACT),
    )
    async def outcome(self, parent: strawberry.Parent[TaskRow]) -> str | None:
        return await _text(parent, "outcome")


async def _text(row: TaskRow, column: str) -> str | None:
    member_id: str | None = row.member_id  # type: ignore[attr-defined]
    return await opened("task", row.id, column, member_id, getattr(row, column))


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What one person got done in a period.")
class TaskPerformance:
    person: Colleague
    done: int
    on_time: int
    late: int
    first_touch_seconds: float = strawberry.field(
        description="The median from a task's coming to somebody's taking it up."
    )

    @classmethod
    def of(cls, row: Performance) -> "TaskPerformance":
        return cls(
            person=Colleague(id=opaque(row.staff_id), handle=row.handle, name=row.name),
            done=row.done,
            on_time=row.on_time,
            late=row.late,
            first_touch_seconds=row.first_touch,
        )
