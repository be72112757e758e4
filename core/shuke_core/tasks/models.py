"""Tables of tasks: what is to be done, its reminders, and whose it has been."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.staff.models import Staff


class Task(TenantModel):
    """Something to be done by `due_at`: by a person, or by whoever of a role claims it.

    `role` stays when somebody has claimed it: there it returns to. `note` and `outcome` are sealed
    under the key of the member it is about, else under the tenant's. `touched_at` is when somebody
    first took it up; `version` counts its changes. `ended_at` stands while state is done or
    cancelled: open tasks are found by its absence.
    """

    member: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    member_id: UUID | None
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    staff_id: UUID | None
    role = fields.CharField(max_length=40, null=True)
    source = fields.CharField(max_length=12)
    interaction_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=12, default="open")
    version = fields.IntField(default=1)
    note = fields.BinaryField(null=True)
    outcome = fields.BinaryField(null=True)
    due_at: datetime = fields.DatetimeField()
    created_at: datetime = fields.DatetimeField()
    touched_at: datetime | None = fields.DatetimeField(null=True)
    escalated_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "task"
        indexes: ClassVar = (
            ("tenant_id", "member_id", "due_at", "id"),
            ("tenant_id", "state", "due_at", "id"),
            ("tenant_id", "staff_id", "state", "due_at", "id"),
            ("tenant_id", "role", "state", "due_at", "id"),
            ("tenant_id", "ended_at"),
        )
        unique_together: ClassVar = (("tenant_id", "interaction_id"),)


class TaskStep(TenantModel):
    """What became of a task, step by step; never changed. `by_id` null: the system did it."""

    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "core.Task", related_name=False, on_delete=fields.RESTRICT
    )
    task_id: UUID
    act = fields.CharField(max_length=12)
    from_staff_id: UUID | None = fields.UUIDField(null=True)
    to_staff_id: UUID | None = fields.UUIDField(null=True)
    to_role = fields.CharField(max_length=40, null=True)
    by_id: UUID | None = fields.UUIDField(null=True)
    at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "task_step"
        indexes: ClassVar = (("tenant_id", "task_id", "at", "id"),)


class TaskReminder(TenantModel):
    """One reminder of a task: before it is due, and when it is. Each is given at most once.

    state: waiting → given, missed (a later one was due as well), dropped (the task had ended), or
    dead after too many attempts. `slot_at` is when it was to be given, `due_at` when it is tried.
    """

    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "core.Task", related_name=False, on_delete=fields.RESTRICT
    )
    task_id: UUID
    kind = fields.CharField(max_length=12)
    slot_at: datetime = fields.DatetimeField()
    due_at: datetime = fields.DatetimeField()
    state = fields.CharField(max_length=12, default="waiting")
    attempt = fields.SmallIntField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "task_reminder"
        unique_together: ClassVar = (("tenant_id", "task_id", "kind"),)
