"""The plugin host: finds plugins, checks them, and registers what they bring.

A plugin is a distribution with an entry point in the group `shuke.plugins` that names a `Plugin`.
The host knows no plugin by name. What is wrong with one stops the start, with its key and reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, cast

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pluggy import PluginValidationError

import shuke_core
from shuke_core.access import permissions as access
from shuke_core.access.permissions import Permission
from shuke_core.audit.services import record
from shuke_core.catalog import hookspecs as catalog_hooks
from shuke_core.database.config import App
from shuke_core.events.reactions import Reaction, forget_reactions, register_reaction
from shuke_core.integrations import hookspecs as integration_hooks
from shuke_core.integrations import rule_fields as integrations_words
from shuke_core.kit.transactions import fetch
from shuke_core.ledger import rule_fields as ledger_words
from shuke_core.members import rule_fields as members_words
from shuke_core.members.holdings import Holding, declare_holdings, forget_holdings
from shuke_core.orders import rule_fields as orders_words
from shuke_core.plugins import services
from shuke_core.plugins.configuration import (
    PluginSettings,
    checked_settings,
    use_settings_model,
)
from shuke_core.plugins.errors import PluginRefused, PluginUnknown
from shuke_core.plugins.hooks import hook_manager
from shuke_core.plugins.queries import plugin_switches
from shuke_core.rules import hookspecs as rule_hooks
from shuke_core.rules import moment as moment_words
from shuke_core.rules.declare import Declared
from shuke_core.rules.registry import declare_rule_words, forget_rule_words
from shuke_core.tenants.services import SLUG
from shuke_core.worker.schedules import (
    Schedule,
    enrol_tenant,
    forget_schedules,
    register_schedule,
)

GROUP = "shuke.plugins"
HOOKSPECS = (catalog_hooks, integration_hooks, rule_hooks)
# Importing a room `rule_fields` declares what rules may ask of a domain: before plugins join it.
WORDS = (moment_words, members_words, ledger_words, orders_words, integrations_words)


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a plugin says of itself.

    `key` is stable for ever and prefixes the plugin's tables, permissions, reactions and schedules.
    `label` maps a language ("zh", "en") to the name a tenant's administrator reads. `hosts` is the
    range of Shuke versions it works with, as a PEP 440 specifier. `holdings` say what of its tables is
    a member's; they act for every tenant, also where the plugin is off: its data are kept there. `app`
    names its models and migrations, whose first migration must name the core's as a dependency. `hooks`
    is an object with hook implementations. `graphql` is the dotted path of its part of the API, or of a
    tuple of parts where it has one for each audience.
    """

    key: str
    label: Mapping[str, str]
    version: str
    hosts: str
    permissions: tuple[Permission, ...] = ()
    settings: type[PluginSettings] | None = None
    app: App | None = None
    hooks: object | None = None
    holdings: tuple[Holding, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    graphql: str | None = field(default=None)


_installed: dict[str, Plugin] = {}


def installed_plugins() -> list[Plugin]:
    """Every plugin of this process, in the order of their keys."""
    return [_installed[key] for key in sorted(_installed)]


def plugin_of(key: str) -> Plugin:
    """The plugin of that key; raises PluginUnknown."""
    if key not in _installed:
        raise PluginUnknown(key=key, installed=", ".join(sorted(_installed)) or "none")
    return _installed[key]


def discover() -> list[Plugin]:
    """Loads what the entry points name and registers it; repeating it changes nothing."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        plugin = point.load()
        if not isinstance(plugin, Plugin):
            raise PluginRefused(key=point.name, problem="its entry point names no Plugin")
        if plugin.key not in _installed:
            install(plugin)
    return installed_plugins()


def install(plugin: Plugin) -> None:
    """Checks one plugin and registers what it brings; raises PluginRefused, then nothing is left."""
    problem = next(_problems(plugin), None)
    if problem is not None:
        raise PluginRefused(key=plugin.key, problem=problem)
    manager = hook_manager()
    for specs in HOOKSPECS:
        if not getattr(specs, "_shuke_added", False):
            manager.add_hookspecs(specs)
            specs._shuke_added = True  # type: ignore[attr-defined]
    if plugin.hooks is not None:
        manager.register(plugin.hooks, plugin.key)
        try:
            manager.check_pending()
        except PluginValidationError as unknown:
            manager.unregister(name=plugin.key)
            raise PluginRefused(key=plugin.key, problem=str(unknown)) from None
    _learn_words(plugin)
    use_settings_model(plugin.key, plugin.settings)
    access.declare(plugin.key, plugin.permissions)
    declare_holdings(plugin.key, *plugin.holdings)
    for reaction in plugin.reactions:
        register_reaction(reaction)
    for schedule in plugin.schedules:
        register_schedule(schedule)
    _installed[plugin.key] = plugin


def _learn_words(plugin: Plugin) -> None:
    """Asks the plugin for its words of rules; raises PluginRefused, then its hooks are gone again."""
    try:
        for implementation in hook_manager().hook.shuke_rule_words.get_hookimpls():
            if implementation.plugin_name == plugin.key:
                words = cast(Sequence[Declared], implementation.function())
                declare_rule_words(plugin.key, *words)
    except Exception as fault:
        hook_manager().unregister(name=plugin.key)
        raise PluginRefused(key=plugin.key, problem=f"its words of rules: {fault}") from fault


def uninstall(key: str) -> None:
    """Takes a plugin out of this process; its tables and data stay."""
    plugin = plugin_of(key)
    if plugin.hooks is not None:
        hook_manager().unregister(name=key)
    use_settings_model(key, None)
    access.forget(key)
    forget_rule_words(key)
    forget_holdings(key)
    forget_reactions(key)
    forget_schedules(key)
    del _installed[key]


def _problems(plugin: Plugin) -> Iterator[str]:
    key = plugin.key
    if not SLUG.fullmatch(key):
        yield "its key must be 1 to 40 of a-z, 0-9 and '-', beginning with a letter"
    if key in _installed:
        yield f"another plugin has its key: version {_installed[key].version}"
    if not {"zh", "en"} <= plugin.label.keys():
        yield "its label needs zh and en"
    try:
        if shuke_core.__version__ not in SpecifierSet(plugin.hosts, prereleases=True):
            yield f"it works with Shuke {plugin.hosts}, this is {shuke_core.__version__}"
    except InvalidSpecifier:
        yield f"{plugin.hosts!r} is no range of versions"
    for named in plugin.permissions:
        if not named.key.startswith(f"{key}."):
            yield f"the permission {named.key!r} must begin with '{key}.'"
    named_work = [(work.name, work.plugin) for work in plugin.reactions]
    named_work += [(work.name, work.plugin) for work in plugin.schedules]
    for name, owner in named_work:
        if owner != key or not name.startswith(f"{key}."):
            yield f"{name!r} must begin with '{key}.' and say plugin={key!r}"


async def enable_plugin(key: str) -> bool:
    """Switches an installed plugin on for the current tenant; says whether it was off."""
    plugin_of(key)
    changed = await services.switch(key, on=True)
    await _set_schedules(key, "waiting")
    await enrol_tenant()
    if changed:
        await record("plugin.enabled", f"plugin:{key}")
    return changed


async def disable_plugin(key: str) -> bool:
    """Switches it off: fields, hooks, reactions and schedules are gone at once; the data stays."""
    plugin_of(key)
    await _set_schedules(key, "stopped")
    changed = await services.switch(key, on=False)
    if changed:
        await record("plugin.disabled", f"plugin:{key}")
    return changed


async def _set_schedules(key: str, state: str) -> None:
    await fetch(
        "UPDATE schedule SET state = $3 WHERE tenant_id = $1 AND name = ANY ($2::text[])",
        *([schedule.name for schedule in plugin_of(key).schedules], state),
    )


async def configure_plugin(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces the plugin's settings for the tenant; returns them as they are kept."""
    plugin_of(key)
    checked = checked_settings(key, dict(values))
    before = (await plugin_switches()).get(key)
    await services.keep_settings(key, checked)
    await record(
        "plugin.configured",
        f"plugin:{key}",
        changes={"settings": (before.settings if before else {}, checked)},
    )
    return checked
