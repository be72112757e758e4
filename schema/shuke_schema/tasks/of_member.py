"""A member's tasks, as staff see them."""

import strawberry

from shuke_core.access.permissions import TASKS_READ_ALL
from shuke_schema.pagination import Connection
from shuke_schema.projection.fields import projected
from shuke_schema.rights import needs
from shuke_schema.tasks.types import Task


@strawberry.type
class TasksOfMember:
    @projected(
        description="Tasks about the member, whosever they are, newest first.",
        metadata=needs(TASKS_READ_ALL),
    )
    def tasks(self, first: int = 20, after: str | None = None) -> Connection[Task]: ...
