"""What the core is made of, for whoever puts a process together: apps, the worker's work, projections."""

from collections.abc import Mapping

from shuke_core.alerts import holdings as alerts_holdings
from shuke_core.alerts import jobs as alerts_jobs
from shuke_core.alerts import live as alerts_live
from shuke_core.alerts.queries import Alert
from shuke_core.assignments import holdings as assignments_holdings
from shuke_core.assignments import services as assignments
from shuke_core.assignments import timelines as assignments_timelines
from shuke_core.assignments.queries import MemberAssignments
from shuke_core.audit import jobs as audit_jobs
from shuke_core.blocks import holdings as blocks_holdings
from shuke_core.blocks.queries import BlocksOfMember
from shuke_core.campaigns import benefits as campaigns_benefits
from shuke_core.campaigns import holdings as campaigns_holdings
from shuke_core.campaigns import live as campaigns_live
from shuke_core.campaigns import timelines as campaigns_timelines
from shuke_core.campaigns.queries import Campaign
from shuke_core.catalog import imports as catalog_imports
from shuke_core.catalog import live as catalog_live
from shuke_core.catalog.queries import Category, Item, ItemForStaff
from shuke_core.consents import holdings as consents_holdings
from shuke_core.consents.queries import MemberConsents
from shuke_core.database.config import CORE, App
from shuke_core.events.reactions import PARKED_DRAIN, REACTION_DRAIN
from shuke_core.events.relay import RELAY_DRAIN
from shuke_core.exports import live as exports_live
from shuke_core.exports.queries import Export
from shuke_core.exports.writing import EXPORT_DRAIN
from shuke_core.files import jobs as files_jobs
from shuke_core.idempotency import jobs as idempotency_jobs
from shuke_core.imports import jobs as imports_jobs
from shuke_core.imports import live as imports_live
from shuke_core.imports.queries import FileImport, RefusedRow
from shuke_core.imports.reading import IMPORT_DRAIN
from shuke_core.integrations import imports as integrations_imports
from shuke_core.integrations import jobs as integrations_jobs
from shuke_core.integrations import live as integrations_live
from shuke_core.integrations.inbox import INBOX_DRAIN
from shuke_core.interactions import holdings as interactions_holdings
from shuke_core.interactions import jobs as interactions_jobs
from shuke_core.interactions import live as interactions_live
from shuke_core.interactions import timelines as interactions_timelines
from shuke_core.interactions.queries import MemberInteractions, TaskInteraction
from shuke_core.ledger import holdings as ledger_holdings
from shuke_core.ledger import timelines as ledger_timelines
from shuke_core.ledger.queries import MemberPoints
from shuke_core.live.publisher import LIVE_DRAIN
from shuke_core.members import exports as members_exports
from shuke_core.members import held as members_held
from shuke_core.members import live as members_live
from shuke_core.members import timelines as members_timelines
from shuke_core.members.benefits import BenefitsOfMember
from shuke_core.members.queries import Member, Oneself
from shuke_core.merging import holdings as merging_holdings
from shuke_core.merging import jobs as merging_jobs
from shuke_core.merging.queries import Merge, MergeCandidate
from shuke_core.notes import holdings as notes_holdings
from shuke_core.notes import timelines as notes_timelines
from shuke_core.notes.queries import NotesOfMember
from shuke_core.orders import holdings as orders_holdings
from shuke_core.orders import jobs as orders_jobs
from shuke_core.orders import live as orders_live
from shuke_core.orders import timelines as orders_timelines
from shuke_core.orders.queries import MemberOrders, OrderForStaff
from shuke_core.personal_data import holdings as personal_data_holdings
from shuke_core.personal_data import jobs as personal_data_jobs
from shuke_core.personal_data.queries import MemberRightsRequests
from shuke_core.plugin_host import discover
from shuke_core.points import benefits as points_benefits
from shuke_core.points import jobs as points_jobs
from shuke_core.points import live as points_live
from shuke_core.profiles import holdings as profiles_holdings
from shuke_core.profiles.queries import MemberVersion
from shuke_core.projection.declare import Projection
from shuke_core.reveals import jobs as reveals_jobs
from shuke_core.staff import jobs as staff_jobs
from shuke_core.staff import live as staff_live
from shuke_core.suppression import jobs as suppression_jobs
from shuke_core.tasks import holdings as tasks_holdings
from shuke_core.tasks import jobs as tasks_jobs
from shuke_core.tasks import live as tasks_live
from shuke_core.tasks.queries import MemberTasks
from shuke_core.tasks.reminders import REMINDER_DRAIN
from shuke_core.wechat import holdings as wechat_holdings
from shuke_core.wechat.queries import MiniProgram, PhoneClaim
from shuke_core.worker.drains import Drain
from shuke_core.worker.schedules import SCHEDULE_DRAIN

# Importing jobs registers reactions and schedules, importing a room `live` declares topics.
JOBS = (
    alerts_jobs,
    audit_jobs,
    files_jobs,
    idempotency_jobs,
    imports_jobs,
    integrations_jobs,
    interactions_jobs,
    merging_jobs,
    orders_jobs,
    personal_data_jobs,
    points_jobs,
    reveals_jobs,
    staff_jobs,
    suppression_jobs,
    tasks_jobs,
)
TOPICS = (
    alerts_live,
    campaigns_live,
    catalog_live,
    exports_live,
    imports_live,
    integrations_live,
    interactions_live,
    members_live,
    orders_live,
    points_live,
    staff_live,
    tasks_live,
)
# Importing a room `exports` declares what of a domain can be exported.
EXPORTED = (members_exports,)
# Importing a room `imports` declares what of a domain can be imported.
IMPORTED = (catalog_imports, integrations_imports)
# Importing a room `holdings` declares what of a domain is a member's.
HELD = (
    alerts_holdings,
    assignments_holdings,
    blocks_holdings,
    campaigns_holdings,
    consents_holdings,
    interactions_holdings,
    ledger_holdings,
    members_held,
    merging_holdings,
    notes_holdings,
    orders_holdings,
    personal_data_holdings,
    profiles_holdings,
    tasks_holdings,
    wechat_holdings,
)
# Importing a room `timelines` declares what of a domain stands in a member's timeline.
TOLD = (
    assignments_timelines,
    campaigns_timelines,
    interactions_timelines,
    ledger_timelines,
    members_timelines,
    notes_timelines,
    orders_timelines,
)
# Importing a room `benefits` declares what of a domain a member has, and may use.
OFFERED = (points_benefits, campaigns_benefits)
# And importing these says what becomes of what was somebody's who leaves.
HERITAGE = (assignments,)

DRAINS: tuple[Drain, ...] = (
    INBOX_DRAIN,
    RELAY_DRAIN,
    REACTION_DRAIN,
    PARKED_DRAIN,
    LIVE_DRAIN,
    SCHEDULE_DRAIN,
    REMINDER_DRAIN,
    EXPORT_DRAIN,
    IMPORT_DRAIN,
)

# What the API shows of the core; plugins join theirs. What these lead to comes along by itself.
PROJECTIONS: tuple[type[Projection], ...] = (
    Member,
    Oneself,
    MemberPoints,
    MemberOrders,
    OrderForStaff,
    MemberVersion,
    BlocksOfMember,
    NotesOfMember,
    MemberAssignments,
    MemberConsents,
    BenefitsOfMember,
    MemberRightsRequests,
    MemberTasks,
    MemberInteractions,
    TaskInteraction,
    Alert,
    Export,
    MergeCandidate,
    Merge,
    Category,
    Item,
    ItemForStaff,
    Campaign,
    FileImport,
    RefusedRow,
    MiniProgram,
    PhoneClaim,
)


def installed_apps() -> Mapping[str, App]:
    """The Tortoise apps whose models and migrations make up the database: core, then plugins."""
    plugins = {plugin.key: plugin.app for plugin in discover() if plugin.app is not None}
    return {"core": CORE, **plugins}
