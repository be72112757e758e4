"""The table of idempotency keys: what was asked under a key, and how it came out."""

from datetime import datetime
from typing import Any, ClassVar

from tortoise import fields

from shuke_core.kit.models import TenantModel


class IdempotencyKey(TenantModel):
    """An act that was asked for under a key, and how it came out.

    `fingerprint` is a keyed digest of its arguments; `code` and `sentence` stand where it was
    refused, `result` holds ids and counts from which the answer is rendered anew.
    """

    caller = fields.CharField(max_length=60)
    operation = fields.CharField(max_length=60)
    key = fields.CharField(max_length=100)
    fingerprint = fields.BinaryField()
    code = fields.CharField(max_length=60, null=True)
    sentence = fields.CharField(max_length=500, null=True)
    result: dict[str, Any] = fields.JSONField(default=dict)
    created_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "idempotency_key"
        unique_together: ClassVar = (("tenant_id", "caller", "operation", "key"),)
        indexes: ClassVar = (("tenant_id", "created_at"),)
