"""Root fields of the staff API about tasks."""

from datetime import datetime

import strawberry

from shuke_core.access.permissions import TASKS_READ, TASKS_READ_ALL
from shuke_core.tasks.queries import (
    TaskList,
    TaskState,
    performance_between,
    task_of_id,
    tasks_listed,
)
from shuke_schema.context import ShukeInfo, id_of, staff_of
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks
from shuke_schema.tasks.types import Task, TaskPerformance


def _sees_all(info: ShukeInfo) -> bool:
    return TASKS_READ_ALL.key in info.context.rights.permissions


@strawberry.type
class TasksQuery:
    @strawberry.field(
        description="Tasks, what is due first first; without `state` those that are to be done. "
        "`mine`: your own. `role`: those that somebody in it may claim. Without tasks.read_all "
        "you get your own and those of your role.",
        metadata=asks(Audience.STAFF, TASKS_READ),
    )
    def tasks(
        self,
        info: ShukeInfo,
        mine: bool = False,
        role: str | None = None,
        state: TaskState | None = None,
        due_before: datetime | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Task]:
        staff = staff_of(info)
        wanted = TaskList(
            *(staff.id, staff.role, _sees_all(info)), mine=mine, of_role=role, state=state,
            due_before=due_before,
        )  # fmt: skip
        return answered_by(tasks_listed(wanted, first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="A task by id; null for one that is not there or not yours to see.",
        metadata=asks(Audience.STAFF, TASKS_READ),
    )
    def task(self, info: ShukeInfo, id: strawberry.ID) -> Task | None:
        staff, task_id = staff_of(info), id_of(id)
        if task_id is None:
            return None
        read = task_of_id(task_id, staff.id, staff.role, sees_all=_sees_all(info))
        return answered_by(read)  # type: ignore[no-any-return]

    @strawberry.field(
        description="How everybody who has done a task in the period did, by handle. A year at most.",
        metadata=asks(Audience.STAFF, TASKS_READ_ALL),
    )
    async def task_performance(self, start: datetime, end: datetime) -> list[TaskPerformance]:
        return [TaskPerformance.of(row) for row in await performance_between(start, end)]
