"""The table of a tenant's limits."""

from typing import ClassVar

from tortoise import fields

from shuke_core.kit.models import TenantModel


class DisclosureLimits(TenantModel):
    """The tenant's own limits; a tenant without a row has the defaults of `limits`."""

    hourly = fields.IntField()
    daily = fields.IntField()
    unusual = fields.IntField()
    rows = fields.IntField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "disclosure_limits"
        unique_together: ClassVar = (("tenant_id",),)
