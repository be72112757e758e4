"""Tables of plugins: the switch of each tenant, and what went wrong in a plugin."""

from datetime import datetime
from typing import Any, ClassVar

from tortoise import fields

from shuke_core.kit.models import TenantModel


class PluginSwitch(TenantModel):
    """Whether a plugin is on for the tenant, and its settings. Off keeps both settings and data."""

    key = fields.CharField(max_length=40)
    state = fields.CharField(max_length=3, default="off")
    settings: dict[str, Any] = fields.JSONField(default=dict)
    changed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "plugin_switch"
        unique_together: ClassVar = (("tenant_id", "key"),)


class PluginFault(TenantModel):
    """A plugin failed at a place (a hook, a reaction): how often, last when and why."""

    key = fields.CharField(max_length=40)
    place = fields.CharField(max_length=80)
    times = fields.IntField(default=1)
    reason = fields.CharField(max_length=500)
    last_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "plugin_fault"
        unique_together: ClassVar = (("tenant_id", "key", "place"),)
