"""Tables of integrations: the link, its secrets, the inbox, and tickets that wait for a fix."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class Integration(TenantModel):
    """A link to an outside system; its `key` is part of the address that messages arrive at."""

    key = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=20, default="webhook")
    state = fields.CharField(max_length=12, default="active")
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "integration"
        unique_together: ClassVar = (("tenant_id", "key"),)


class IntegrationSecret(TenantModel):
    """A signing secret, sealed. Two may be valid at once while the sender changes over."""

    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "core.Integration", related_name=False, on_delete=fields.CASCADE
    )
    integration_id: UUID
    sealed = fields.BinaryField()
    created_at: datetime = fields.DatetimeField()
    expires_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "integration_secret"
        indexes: ClassVar = (("tenant_id", "integration_id"),)


class InboxMessage(TenantModel):
    """A message as it came, sealed because it names people. `due_at` is also the lease's end.

    state: pending → done, or dead after too many attempts. `attempt` counts failures, `claims` how
    often somebody took it up: one that kills its worker again and again never gets to fail.
    """

    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "core.Integration", related_name=False, on_delete=fields.RESTRICT
    )
    integration_id: UUID
    message_id = fields.CharField(max_length=255)
    sealed = fields.BinaryField(null=True)
    state = fields.CharField(max_length=12, default="pending")
    attempt = fields.SmallIntField(default=0)
    claims = fields.SmallIntField(default=0)
    due_at: datetime = fields.DatetimeField()
    lease: UUID | None = fields.UUIDField(null=True)
    received_at: datetime = fields.DatetimeField()
    done_at: datetime | None = fields.DatetimeField(null=True)
    accepted = fields.IntField(default=0)
    known = fields.IntField(default=0)
    quarantined = fields.IntField(default=0)
    reason = fields.CharField(max_length=500, null=True)
    trace = fields.CharField(max_length=55, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "inbox"
        unique_together: ClassVar = (("tenant_id", "integration_id", "message_id"),)
        indexes: ClassVar = (("tenant_id", "received_at"),)


class QuarantinedTicket(TenantModel):
    """A ticket that could not be cleaned: which field, why, and the ticket itself, sealed.

    `kind` is what it is: a ticket, or an item of the catalogue. state: open → replayed (the fix
    worked) or discarded.
    """

    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "core.Integration", related_name=False, on_delete=fields.RESTRICT
    )
    integration_id: UUID
    message: fields.ForeignKeyRelation[InboxMessage] = fields.ForeignKeyField(
        "core.InboxMessage", related_name=False, on_delete=fields.RESTRICT
    )
    message_id: UUID
    row_no = fields.IntField()
    kind = fields.CharField(max_length=8, default="ticket", db_default="ticket")
    sealed = fields.BinaryField(null=True)
    field = fields.CharField(max_length=120)
    code = fields.CharField(max_length=40)
    found = fields.CharField(max_length=120)
    state = fields.CharField(max_length=12, default="open")
    quarantined_at: datetime = fields.DatetimeField()
    resolved_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "quarantined_ticket"
        unique_together: ClassVar = (("tenant_id", "message_id", "row_no"),)
        indexes: ClassVar = (("tenant_id", "integration_id", "state", "id"),)
