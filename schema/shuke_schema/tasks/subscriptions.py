"""Root fields of the staff API that tell of tasks as they come, move and fall due."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import TASKS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.live.topics import Item
from shuke_core.tasks.live import TASKS
from shuke_core.tasks.queries import task_told
from shuke_schema.context import opaque
from shuke_schema.live.updates import Feed, Update, of_topic, own_route, route_of_role
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.tasks.types import Task


@strawberry.enum(description="What happened to a task.")
class TaskChangeKind(Enum):
    CREATED = "created"
    CLAIMED = "claimed"
    STARTED = "started"
    HANDED_OVER = strawberry.enum_value("handed_over", description="To you, or away from you.")
    ESCALATED = strawberry.enum_value(
        "escalated", description="Nobody touched it in time: it is the role's now."
    )
    REMINDED = strawberry.enum_value("reminded", description="It will soon be due.")
    DUE = strawberry.enum_value("due", description="It is due.")
    DONE = "done"
    CANCELLED = "cancelled"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something happened to a task, or it asks to be remembered.")
class TaskChange:
    kind: TaskChangeKind
    task_id: strawberry.ID
    at: datetime
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The task as it is by now.")
    async def task(self) -> Task | None:
        return answered_by(task_told(self.row_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "TaskChange":
        facts = item.facts
        task_id = UUID(facts["task_id"])
        return cls(
            kind=TaskChangeKind(facts["change"]),
            task_id=opaque(task_id),
            at=datetime.fromisoformat(item.recorded_at),
            row_id=task_id,
        )


async def task_changes(feed: Feed) -> AsyncGenerator[Update[TaskChange], None]:
    """The updates of a feed of tasks."""
    async for told in feed:
        change = TaskChange.of(told.item) if told.item else None
        yield Update(cursor=told.cursor, gap=told.gap, change=change)


@strawberry.type
class TasksSubscription:
    @strawberry.subscription(
        description="Your own tasks, as they come, move and fall due.",
        metadata=asks(Audience.STAFF, TASKS_READ) | of_topic(TASKS, own_route),
    )
    async def my_tasks_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[TaskChange], None]:
        async for update in task_changes(feed):
            yield update

    @strawberry.subscription(
        description="Tasks that somebody in your role may claim, as they come and go.",
        metadata=asks(Audience.STAFF, TASKS_READ) | of_topic(TASKS, route_of_role),
    )
    async def role_tasks_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[TaskChange], None]:
        async for update in task_changes(feed):
            yield update
