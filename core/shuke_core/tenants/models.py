"""Tables of tenants: the directory that all may look into, stores, and the tenant's sealed keys."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from shuke_core.kit.ids import new_id
from shuke_core.kit.models import TenantModel


class Tenant(Model):
    """A tenant (商户/品牌). The directory is the one table without tenant: it holds no personal data.

    `rested_from` and `rested_until` are its last suspension, once that is over: terms after which
    something is forgotten don't run while nobody can see to it.
    """

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=120)
    zone = fields.CharField(max_length=60, default="Asia/Shanghai")
    currency = fields.CharField(max_length=3, default="CNY")
    day_starts_at = fields.SmallIntField(default=0)
    state = fields.CharField(max_length=12, default="active")
    state_at: datetime | None = fields.DatetimeField(null=True)
    rested_from: datetime | None = fields.DatetimeField(null=True)
    rested_until: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "tenant"


class TenantLife(Model):
    """The operator's log of what was done to tenants; it stays when a tenant's data is gone.

    At the erasure: where the audit chain ended, and of how many entries.
    """

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    of_tenant: UUID = fields.UUIDField()
    slug = fields.CharField(max_length=40)
    act = fields.CharField(max_length=12)
    reason = fields.CharField(max_length=500, default="")
    at: datetime = fields.DatetimeField()
    audit_position = fields.BigIntField(null=True)
    audit_mac = fields.BinaryField(null=True)
    audit_entries = fields.BigIntField(null=True)

    class Meta:
        table = "tenant_life"


class TenantKey(TenantModel):
    """The tenant's two keys, wrapped by the master key: one seals, the other makes digests."""

    master_key_id = fields.CharField(max_length=16)
    sealing = fields.BinaryField()
    digesting = fields.BinaryField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "tenant_key"
        unique_together: ClassVar = (("tenant_id",),)


class SealingKey(TenantModel):
    """A sealing key that came after the tenant's first one. It opens at once and seals from then on."""

    generation = fields.SmallIntField()
    master_key_id = fields.CharField(max_length=16)
    sealed = fields.BinaryField()
    seals_from: datetime = fields.DatetimeField()
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "sealing_key"
        unique_together: ClassVar = (("tenant_id", "generation"),)


class FormerAuditKey(TenantModel):
    """A key of audit links that came from a former master key, wrapped by the present one."""

    of_master_key_id = fields.CharField(max_length=16)
    master_key_id = fields.CharField(max_length=16)
    sealed = fields.BinaryField()
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "former_audit_key"
        unique_together: ClassVar = (("tenant_id", "of_master_key_id"),)


class Store(TenantModel):
    """A store (门店) of the tenant; tills name it by `code`."""

    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=120)
    state = fields.CharField(max_length=12, default="active")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "store"
        unique_together: ClassVar = (("tenant_id", "code"),)
