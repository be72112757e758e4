"""What the core is made of, for whoever puts a process together: apps, and all that the worker does."""

from collections.abc import Mapping

from shuke_core.database.config import CORE, App
from shuke_core.events.reactions import PARKED_DRAIN, REACTION_DRAIN
from shuke_core.events.relay import RELAY_DRAIN
from shuke_core.integrations import jobs as integrations_jobs
from shuke_core.integrations.inbox import INBOX_DRAIN
from shuke_core.orders import jobs as orders_jobs
from shuke_core.plugin_host import discover
from shuke_core.points import jobs as points_jobs
from shuke_core.worker.drains import Drain
from shuke_core.worker.schedules import SCHEDULE_DRAIN

# Importing a domain's jobs registers its reactions and schedules.
JOBS = (integrations_jobs, orders_jobs, points_jobs)

DRAINS: tuple[Drain, ...] = (
    INBOX_DRAIN,
    RELAY_DRAIN,
    REACTION_DRAIN,
    PARKED_DRAIN,
    SCHEDULE_DRAIN,
)


def installed_apps() -> Mapping[str, App]:
    """The Tortoise apps whose models and migrations make up the database: core, then plugins."""
    plugins = {plugin.key: plugin.app for plugin in discover() if plugin.app is not None}
    return {"core": CORE, **plugins}
