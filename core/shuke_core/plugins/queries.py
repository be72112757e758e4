"""The one place that knows whether a plugin is on for a tenant; and its faults."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shuke_core.kit.transactions import current_unit, fetch

_NOTE = "plugin_switches"


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A plugin's failures at one place, for the tenant's administrator."""

    key: str
    place: str
    times: int
    reason: str
    last_at: datetime


async def _switches() -> dict[str, dict[str, Any]]:
    notes = current_unit().notes
    if _NOTE not in notes:
        rows = await fetch(
            "SELECT key, settings::text AS settings FROM plugin_switch "
            "WHERE tenant_id = $1 AND state = 'on'"
        )
        notes[_NOTE] = {row["key"]: orjson.loads(row["settings"]) for row in rows}
    switches: dict[str, dict[str, Any]] = notes[_NOTE]
    return switches


async def enabled_plugins() -> frozenset[str]:
    """The keys of the plugins that are on for the current tenant; read once a unit of work.

    Hooks, reactions, schedules and the composition of the API all ask here, so that they agree.
    """
    return frozenset(await _switches())


async def stored_settings(key: str) -> dict[str, Any]:
    """What the tenant has set for a plugin that is on; empty when nothing, or when it is off."""
    return (await _switches()).get(key, {})


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """How a plugin stands for the tenant, and what the tenant has set; off keeps the settings."""

    is_on: bool
    settings: dict[str, Any]


async def plugin_switches() -> dict[str, SwitchRow]:
    """The plugins that the tenant has ever switched or set, by key."""
    rows = await fetch(
        "SELECT key, state, settings::text AS settings FROM plugin_switch WHERE tenant_id = $1"
    )
    return {
        row["key"]: SwitchRow(row["state"] == "on", orjson.loads(row["settings"])) for row in rows
    }


async def plugin_faults() -> list[FaultRow]:
    """What went wrong in plugins of this tenant, the latest first."""
    rows = await fetch(
        "SELECT key, place, times, reason, last_at FROM plugin_fault WHERE tenant_id = $1 "
        "ORDER BY last_at DESC, id LIMIT 100"
    )
    return [FaultRow(**row) for row in rows]
