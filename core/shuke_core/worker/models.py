"""Tables of scheduled work: the next slot of each schedule, and every slot that was done."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class Schedule(TenantModel):
    """One schedule of one tenant. `slot_at` is the slot to do next, `due_at` also the lease's end."""

    name = fields.CharField(max_length=60)
    slot_at: datetime = fields.DatetimeField()
    state = fields.CharField(max_length=12, default="waiting")
    attempt = fields.SmallIntField(default=0)
    due_at: datetime = fields.DatetimeField()
    lease: UUID | None = fields.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "schedule"
        unique_together: ClassVar = (("tenant_id", "name"),)


class ScheduleRun(TenantModel):
    """A slot that was done, missed or given up; (name, slot) is unique, so none is done twice."""

    name = fields.CharField(max_length=60)
    slot_at: datetime = fields.DatetimeField()
    outcome = fields.CharField(max_length=12)
    done_at: datetime = fields.DatetimeField()
    detail = fields.CharField(max_length=500, default="")

    class Meta(TenantModel.Meta):
        abstract = False
        table = "schedule_run"
        unique_together: ClassVar = (("tenant_id", "name", "slot_at"),)
