"""The façade of the domain for plugins: what is not imported from here is private."""

from shuke_core.access.permissions import OF_MEMBERS, Permission
from shuke_core.access.rights import FieldClass
from shuke_core.catalog.hookspecs import DescribedItem
from shuke_core.catalog.queries import Item
from shuke_core.consents.queries import may_have_traits, may_market
from shuke_core.database.config import App
from shuke_core.events.reactions import Event, Reaction
from shuke_core.integrations.ticket_facts import CleanSale
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.models import TenantModel
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one
from shuke_core.members.events import MemberAgeChanged
from shuke_core.members.following import hold_members
from shuke_core.members.holdings import Holding, OnErase, OnMerge
from shuke_core.members.queries import Member
from shuke_core.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderFulfilled,
    OrderNowClaimed,
    OrderPaid,
    OrderRefunded,
)
from shuke_core.plugin_host import Plugin
from shuke_core.plugins.configuration import PluginSettings
from shuke_core.plugins.hooks import hookimpl
from shuke_core.projection.declare import (
    ID,
    Long,
    Page,
    Projection,
    column,
    inline,
    many,
    one,
    pages,
    python,
    sql,
)
from shuke_core.projection.reads import Read
from shuke_core.rules.declare import RuleFacts, RuleField, RuleSubject, column_field, rows_of
from shuke_core.rules.vocabulary import ValueType
from shuke_core.worker.schedules import Schedule

__all__ = [
    "ID",
    "OF_MEMBERS",
    "App",
    "CleanSale",
    "DescribedItem",
    "Event",
    "FieldClass",
    "Holding",
    "Item",
    "Long",
    "Member",
    "MemberAgeChanged",
    "OnErase",
    "OnMerge",
    "OrderCancelled",
    "OrderCompleted",
    "OrderCreated",
    "OrderFulfilled",
    "OrderNowClaimed",
    "OrderPaid",
    "OrderRefunded",
    "Page",
    "Permission",
    "Plugin",
    "PluginSettings",
    "Projection",
    "Reaction",
    "Read",
    "RuleFacts",
    "RuleField",
    "RuleSubject",
    "Schedule",
    "ShukeError",
    "TenantModel",
    "ValueType",
    "clock",
    "column",
    "column_field",
    "current_tenant",
    "fetch",
    "fetch_one",
    "hold_members",
    "hookimpl",
    "inline",
    "many",
    "may_have_traits",
    "may_market",
    "new_id",
    "one",
    "pages",
    "python",
    "rows_of",
    "sql",
]
