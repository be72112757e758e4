"""The façade of the domain for plugins: what is not imported from here is private."""

from shuke_core.database.config import App
from shuke_core.events.reactions import Event, Reaction
from shuke_core.integrations.ticket_facts import CleanSale
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.models import TenantModel
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one
from shuke_core.orders.events import OrderCompleted, OrderRefunded
from shuke_core.plugin_host import Permission, Plugin
from shuke_core.plugins.configuration import PluginSettings
from shuke_core.plugins.hooks import hookimpl
from shuke_core.worker.schedules import Schedule

__all__ = [
    "App",
    "CleanSale",
    "Event",
    "OrderCompleted",
    "OrderRefunded",
    "Permission",
    "Plugin",
    "PluginSettings",
    "Reaction",
    "Schedule",
    "ShukeError",
    "TenantModel",
    "clock",
    "current_tenant",
    "fetch",
    "fetch_one",
    "hookimpl",
    "new_id",
]
