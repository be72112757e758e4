"""Tables of events. The event table itself is cut by day and made in SQL (migration 0002)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class Relay(TenantModel):
    """The last position that the tenant's relay has given; whoever stamps events locks this row."""

    position = fields.BigIntField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "relay"
        unique_together: ClassVar = (("tenant_id",),)


class ReactionCursor(TenantModel):
    """Up to which position one reaction has done its work.

    The publisher of live updates keeps its place here, too.
    """

    name = fields.CharField(max_length=60)
    position = fields.BigIntField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "reaction_cursor"
        unique_together: ClassVar = (("tenant_id", "name"),)


class ParkedEvent(TenantModel):
    """An event whose reaction failed: it and later ones of the same entity wait, others go on.

    state: parked → done, or dead after too many attempts.
    """

    reaction = fields.CharField(max_length=60)
    position = fields.BigIntField()
    entity = fields.CharField(max_length=80)
    state = fields.CharField(max_length=12, default="parked")
    attempt = fields.SmallIntField(default=1)
    due_at: datetime = fields.DatetimeField()
    lease: UUID | None = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500)
    parked_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "parked_event"
        unique_together: ClassVar = (("tenant_id", "reaction", "position"),)
        indexes: ClassVar = (("tenant_id", "reaction", "entity", "state"),)
