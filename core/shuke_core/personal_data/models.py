"""The table of what people ask for by right."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member
from shuke_core.staff.models import Staff


class RightsRequest(TenantModel):
    """Something that a member asks for by right, due within fifteen working days.

    `kind`: access, correction or erasure. `state`: open, then done, refused or withdrawn. `acts_at`
    is when an erasure that its member asked for is done; one that failed, `attempts` times by now, is
    put off to later. `note` says what is to be corrected, `answer`
    what staff say to it; both are sealed under the member's key. `asked_by` is who of the staff asked
    for the member, `done_by` who answered.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    kind = fields.CharField(max_length=12)
    state = fields.CharField(max_length=12, default="open")
    note = fields.BinaryField(null=True)
    answer = fields.BinaryField(null=True)
    asked_at: datetime = fields.DatetimeField()
    due_on: date = fields.DateField()
    acts_at: datetime | None = fields.DatetimeField(null=True)
    done_at: datetime | None = fields.DatetimeField(null=True)
    attempts = fields.SmallIntField(db_default=0)
    asked_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    asked_by_id: UUID | None
    done_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    done_by_id: UUID | None

    class Meta(TenantModel.Meta):
        abstract = False
        table = "rights_request"
        indexes: ClassVar = (
            ("tenant_id", "member_id", "asked_at", "id"),
            ("tenant_id", "state", "asked_at", "id"),
        )
