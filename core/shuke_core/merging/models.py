"""Tables of merging: each merge, what it moved for its undo to read, and the tenant's settings."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class MemberMerge(TenantModel):
    """A member was merged into another. state: done → undone, until `undo_until`.

    `changed` names the fields of the survivor that it changed. `kept` is what both were before, sealed
    under the survivor's key. `by_id` null: the system did it.
    """

    survivor: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    survivor_id: UUID
    absorbed: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    absorbed_id: UUID
    state = fields.CharField(max_length=12, default="done")
    by_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=200, default="")
    changed: list[str] = fields.JSONField(default=list)
    kept = fields.BinaryField()
    merged_at: datetime = fields.DatetimeField()
    undo_until: datetime = fields.DatetimeField()
    undone_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "member_merge"
        indexes: ClassVar = (
            ("tenant_id", "survivor_id"),
            ("tenant_id", "absorbed_id"),
            ("tenant_id", "merged_at", "id"),
        )


class MergeSettings(TenantModel):
    """How a tenant merges; a tenant without a row has the defaults of `window`."""

    undo_days = fields.SmallIntField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "merge_settings"
        unique_together: ClassVar = (("tenant_id",),)


class MergeMove(TenantModel):
    """A row that a merge made the survivor's: undo gives it back if it still is."""

    merge: fields.ForeignKeyRelation[MemberMerge] = fields.ForeignKeyField(
        "core.MemberMerge", related_name=False, on_delete=fields.CASCADE
    )
    merge_id: UUID
    moved = fields.CharField(max_length=60)
    row_id: UUID = fields.UUIDField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "merge_move"
        unique_together: ClassVar = (("tenant_id", "merge_id", "moved", "row_id"),)
