"""Tables of staff: the person in the tenant's service, their stores, access tokens, and roles."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel
from shuke_core.tenants.models import Store


class Staff(TenantModel):
    """Somebody who works for the tenant. `handle` is what they log in as.

    state: invited, active, left. From `away_from` until `away_until` no member is given to them;
    without an end: until told.
    """

    handle = fields.CharField(max_length=40)
    name = fields.CharField(max_length=120)
    role = fields.CharField(max_length=40)
    state = fields.CharField(max_length=12, default="active")
    joined_at: datetime = fields.DatetimeField()
    away_from: datetime | None = fields.DatetimeField(null=True)
    away_until: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "staff"
        unique_together: ClassVar = (("tenant_id", "handle"),)


class StaffStore(TenantModel):
    """A store that somebody works at: whoever is narrowed to their stores sees these."""

    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    store: fields.ForeignKeyRelation[Store] = fields.ForeignKeyField(
        "core.Store", related_name=False, on_delete=fields.CASCADE
    )
    store_id: UUID

    class Meta(TenantModel.Meta):
        abstract = False
        table = "staff_store"
        unique_together: ClassVar = (("tenant_id", "staff_id", "store_id"),)


class StaffRole(TenantModel):
    """A role that the tenant made. `permissions` maps keys to scopes, `classes` is a list."""

    key = fields.CharField(max_length=40)
    label_zh = fields.CharField(max_length=120)
    label_en = fields.CharField(max_length=120)
    permissions: dict[str, str] = fields.JSONField(default=dict)
    classes: list[str] = fields.JSONField(default=list)
    changed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "staff_role"
        unique_together: ClassVar = (("tenant_id", "key"),)


class StaffToken(TenantModel):
    """A staff member's opaque access token; only its hash is kept.

    kind: session (signed in), enrolment (signed in, may do nothing but set up the second factor
    that is demanded), issued (handed out on the command line). `source` is a keyed digest of the
    address it was made from, `source_shown` what is told of it; `used_at` is exact to minutes.
    """

    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    digest = fields.BinaryField()
    expires_at: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField()
    kind = fields.CharField(max_length=12, db_default="issued")
    source = fields.BinaryField(null=True)
    source_shown = fields.CharField(max_length=60, db_default="")
    agent = fields.CharField(max_length=120, db_default="")
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "staff_token"
        indexes: ClassVar = (("tenant_id", "staff_id"),)
        unique_together: ClassVar = (("tenant_id", "digest"),)


class StaffCode(TenantModel):
    """A secret that is good once; only its hash is kept.

    kind: invite and reset (whoever has it sets the password), challenge (the password was right,
    the second factor is still to come; `tries` of it were made).
    """

    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "core.Staff", related_name=False, on_delete=fields.CASCADE
    )
    staff_id: UUID
    kind = fields.CharField(max_length=12)
    digest = fields.BinaryField()
    tries = fields.IntField(default=0)
    created_at: datetime = fields.DatetimeField()
    expires_at: datetime = fields.DatetimeField()
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "staff_code"
        indexes: ClassVar = (("tenant_id", "staff_id"), ("tenant_id", "expires_at"))
        unique_together: ClassVar = (("tenant_id", "digest"),)


class StaffRules(TenantModel):
    """What the tenant demands of its staff; second_factor: nobody, admins, everybody."""

    second_factor = fields.CharField(max_length=12, default="nobody")

    class Meta(TenantModel.Meta):
        abstract = False
        table = "staff_rules"
        unique_together: ClassVar = (("tenant_id",),)
