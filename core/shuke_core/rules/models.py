"""Tables of rules: the named rule, and its versions, which never change."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.staff.models import Staff


class RuleDocument(TenantModel):
    """A rule that somebody has named. `newest` is its latest version.

    state: active → retired (nothing new is made to use it; who pins a version goes on).
    """

    name = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=60)
    newest = fields.IntField(default=1)
    state = fields.CharField(max_length=12, default="active")
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "rule_document"
        indexes: ClassVar = (("tenant_id", "state", "name", "id"),)


class RuleVersion(TenantModel):
    """What a rule said from then on. Never changed: who uses a rule pins a version of it."""

    rule: fields.ForeignKeyRelation[RuleDocument] = fields.ForeignKeyField(
        "core.RuleDocument", related_name=False, on_delete=fields.RESTRICT
    )
    rule_id: UUID
    version = fields.IntField()
    document: dict[str, Any] = fields.JSONField()
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    staff_id: UUID | None
    saved_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "rule_version"
        unique_together: ClassVar = (("tenant_id", "rule_id", "version"),)
