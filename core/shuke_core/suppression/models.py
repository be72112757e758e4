"""The table of identities whose person was erased."""

from datetime import datetime
from typing import ClassVar

from tortoise import fields

from shuke_core.kit.models import TenantModel


class SuppressedIdentity(TenantModel):
    """A phone or card that no import may make a member of again, until then.

    Known by a digest alone, under a key for this purpose: it can't be compared with a member's.
    """

    purpose = fields.CharField(max_length=20)
    digest = fields.BinaryField()
    until: datetime = fields.DatetimeField()
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "suppressed_identity"
        unique_together: ClassVar = (("tenant_id", "purpose", "digest"),)
        indexes: ClassVar = (("tenant_id", "until"),)
