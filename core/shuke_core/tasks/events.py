"""The facts this domain announces. None carries what a task says."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """Something became of a task; told to one person or role, `route`.

    `change` is created, claimed, started, handed_over, escalated, done, cancelled, reminded or
    due. Whoever had it and whoever gets it are told by an event each.
    """

    type: ClassVar[str] = "task.moved"
    task_id: UUID
    route: str
    change: str

    @property
    def entity(self) -> str:
        return f"task:{self.task_id}"


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """A task is done or cancelled (`outcome`); told once, whoever has it."""

    type: ClassVar[str] = "task.ended"
    task_id: UUID
    interaction_id: UUID | None
    outcome: str

    @property
    def entity(self) -> str:
        return f"task:{self.task_id}"
