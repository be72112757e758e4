"""Tables of the ledger. Written only by the functions in `functions.sql`; read by queries.

For each entry:   amount = Σ lots it opened − Σ its allocations − its change of the debt.
For each account: available = Σ remaining of its lots, debt = Σ changes of the debt,
                  available − debt = Σ amount of its entries.
For each lot:     remaining = amount − Σ allocations from it.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class Account(TenantModel):
    """What a member holds of one asset. Entries refer to it, never to the member."""

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    asset = fields.CharField(max_length=20)
    available = fields.BigIntField(default=0)
    debt = fields.BigIntField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "ledger_account"
        unique_together: ClassVar = (("tenant_id", "member_id", "asset"),)


class Entry(TenantModel):
    """One movement, never changed. The cause is its business identity: no retry acts twice.

    `meant_for` is the account that was named where its member had been merged and another acts for it:
    the same cause does not act on it again once the merge is undone. `campaign_id` is the campaign that
    gave the points; what takes them back names it as well.
    """

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "core.Account", related_name=False, on_delete=fields.RESTRICT
    )
    account_id: UUID
    kind = fields.CharField(max_length=12)
    amount = fields.BigIntField()
    debt_change = fields.BigIntField(default=0)
    cause_type = fields.CharField(max_length=20)
    cause_id: UUID = fields.UUIDField()
    rule_id: UUID | None = fields.UUIDField(null=True)
    campaign_id: UUID | None = fields.UUIDField(null=True)
    meant_for: UUID | None = fields.UUIDField(null=True)
    happened_at: datetime = fields.DatetimeField()
    recorded_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "ledger_entry"
        unique_together: ClassVar = (("tenant_id", "cause_type", "cause_id", "account_id", "kind"),)
        indexes: ClassVar = (("tenant_id", "account_id", "happened_at", "id"),)


class Lot(TenantModel):
    """Points that were earned together and expire together; `remaining` shrinks as they are used.

    `origin_lot_id` is the lot in which points began that a merge or its undo brought here: always the
    first one, however often they moved.
    """

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "core.Account", related_name=False, on_delete=fields.RESTRICT
    )
    account_id: UUID
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField(
        "core.Entry", related_name=False, on_delete=fields.RESTRICT
    )
    entry_id: UUID
    amount = fields.BigIntField()
    remaining = fields.BigIntField()
    origin_lot_id: UUID | None = fields.UUIDField(null=True)
    opens_at: datetime = fields.DatetimeField()
    expires_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "ledger_lot"
        indexes: ClassVar = (("tenant_id", "entry_id"),)


class Allocation(TenantModel):
    """How much of a lot an entry took. Never changed."""

    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField(
        "core.Entry", related_name=False, on_delete=fields.RESTRICT
    )
    entry_id: UUID
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "core.Lot", related_name=False, on_delete=fields.RESTRICT
    )
    lot_id: UUID
    amount = fields.BigIntField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "ledger_allocation"
        unique_together: ClassVar = (("tenant_id", "entry_id", "lot_id"),)
        indexes: ClassVar = (("tenant_id", "lot_id"),)
