"""Mutations of the staff API about tasks."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from shuke_core.access.permissions import TASKS_MANAGE, TASKS_WORK
from shuke_core.access.rights import FieldClass
from shuke_core.kit.ids import new_id
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.errors import TaskUnknown
from shuke_core.tasks.queries import task_told
from shuke_core.tasks.services import (
    Doer,
    NewTask,
    cancel_task,
    claim_task,
    complete_task,
    create_task,
    hand_over_task,
    start_task,
)
from shuke_schema.context import ShukeInfo, id_of, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.tasks.types import Task


@strawberry.enum(description="Why an act on a task was refused.")
class TaskErrorCode(Enum):
    TASK_UNKNOWN = "TASK_UNKNOWN"
    TASK_ENDED = "TASK_ENDED"
    TASK_TAKEN = "TASK_TAKEN"
    TASK_CHANGED = "TASK_CHANGED"
    TASK_DUE_INVALID = "TASK_DUE_INVALID"
    TASK_TEXT_INVALID = "TASK_TEXT_INVALID"
    ADDRESSEE_UNKNOWN = "ADDRESSEE_UNKNOWN"
    ADDRESSEE_BLIND = "ADDRESSEE_BLIND"
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    IDEMPOTENCY_KEY_INVALID = "IDEMPOTENCY_KEY_INVALID"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


@strawberry.type(description="Why an act on a task was refused.")
class TaskError(Failure[TaskErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class TaskPayload:
    task: Task | None = None
    errors: list[TaskError] = strawberry.field(default_factory=list)


@strawberry.input(description="Whose a task is: a person's, or of whoever in a role claims it.")
class AddresseeInput:
    person: strawberry.ID | None = None
    role: str | None = None

    def named(self) -> Addressee:
        """As the domain names it; an id that can't be one is nobody's."""
        person = None if self.person is None else id_of(self.person) or new_id()
        return Addressee(person, self.role)


_FAILURES = Failures(
    TaskError,
    TaskErrorCode,
    {
        "TASK_UNKNOWN": "id",
        "TASK_CHANGED": "version",
        "TASK_DUE_INVALID": "dueAt",
        "ADDRESSEE_UNKNOWN": "to",
        "ADDRESSEE_BLIND": "to",
        "MEMBER_UNKNOWN": "member",
        "IDEMPOTENCY_KEY_INVALID": "idempotencyKey",
        "IDEMPOTENCY_KEY_REUSED": "idempotencyKey",
    },
)


def doer_of(info: ShukeInfo) -> Doer:
    """Who is asking, as tasks know them."""
    staff = staff_of(info)
    return Doer(staff.id, staff.role, TASKS_MANAGE.key in info.context.rights.permissions)


async def _done(
    info: ShukeInfo, id: strawberry.ID, act: Callable[[UUID, Doer], Awaitable[None]]
) -> TaskPayload:
    async def attempt() -> UUID:
        task_id = id_of(id)
        if task_id is None:
            raise TaskUnknown()
        await act(task_id, doer_of(info))
        return task_id

    return _payload(*await _FAILURES.attempt(attempt))


def _payload(task_id: UUID | None, errors: list[TaskError]) -> TaskPayload:
    return TaskPayload(task=answered_by(task_told(task_id)) if task_id else None, errors=errors)


@strawberry.type
class TasksMutation:
    @strawberry.mutation(
        description="Enters a task for a person or a role, about a member or about nobody.",
        metadata=asks(Audience.STAFF, TASKS_WORK),
    )
    async def create_task(
        self,
        info: ShukeInfo,
        to: AddresseeInput,
        due_at: datetime,
        idempotency_key: str,
        note: str,
        member: strawberry.ID | None = None,
    ) -> TaskPayload:
        async def act() -> Mapping[str, Any]:
            about = None if member is None else id_of(member) or new_id()
            task_id = await create_task(NewTask(to.named(), due_at, about, note))
            return {"task": str(task_id)}

        asked = {
            "to": [to.person, to.role],
            "due_at": due_at.isoformat(),
            "note": note,
            "member": member,
        }
        done, errors = await _FAILURES.attempt_once(info, idempotency_key, asked, act)
        return _payload(UUID(done["task"]) if done else None, errors)

    @strawberry.mutation(
        description="Takes a task of your role. Of many who claim it at once one gets it.",
        metadata=asks(Audience.STAFF, TASKS_WORK),
    )
    async def claim_task(self, info: ShukeInfo, id: strawberry.ID) -> TaskPayload:
        return await _done(info, id, claim_task)

    @strawberry.mutation(
        description="Begins with a task of yours.", metadata=asks(Audience.STAFF, TASKS_WORK)
    )
    async def start_task(self, info: ShukeInfo, id: strawberry.ID) -> TaskPayload:
        return await _done(info, id, start_task)

    @strawberry.mutation(
        description="The task is done. `outcome` says how it came out.",
        metadata=asks(Audience.STAFF, TASKS_WORK),
    )
    async def complete_task(
        self, info: ShukeInfo, id: strawberry.ID, version: int, outcome: str | None = None
    ) -> TaskPayload:
        return await _done(info, id, lambda task, doer: complete_task(task, doer, version, outcome))

    @strawberry.mutation(
        description="The task need not be done any more. `reason` says why.",
        metadata=asks(Audience.STAFF, TASKS_WORK),
    )
    async def cancel_task(
        self, info: ShukeInfo, id: strawberry.ID, version: int, reason: str | None = None
    ) -> TaskPayload:
        return await _done(info, id, lambda task, doer: cancel_task(task, doer, version, reason))

    @strawberry.mutation(
        description="Gives a task of yours, or with tasks.manage anybody's, to somebody else or to "
        "a role. There it is open anew; its due time stays.",
        metadata=asks(Audience.STAFF, TASKS_WORK),
    )
    async def hand_over_task(
        self, info: ShukeInfo, id: strawberry.ID, version: int, to: AddresseeInput
    ) -> TaskPayload:
        return await _done(
            info, id, lambda task, doer: hand_over_task(task, doer, to.named(), version)
        )
