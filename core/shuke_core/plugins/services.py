"""The verbs of plugins: switch on and off, keep settings, note a fault."""

from typing import Any

import orjson

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_unit, fetch
from shuke_core.plugins.faults import faults_here


async def switch(key: str, on: bool) -> bool:
    """Switches a plugin on or off for the tenant; says whether that changed anything.

    Settings and data stay. What is under way in other units finishes as it began.
    """
    rows = await fetch(
        "INSERT INTO plugin_switch (tenant_id, id, key, state, settings, changed_at) "
        "VALUES ($1, $2, $3, $4, '{}', $5) "
        "ON CONFLICT (tenant_id, key) DO UPDATE SET state = $4, changed_at = $5 "
        "WHERE plugin_switch.state <> $4 RETURNING state",
        *(new_id(), key, "on" if on else "off", clock.now()),
    )
    _forget()
    return bool(rows)


async def keep_settings(key: str, settings: dict[str, Any]) -> None:
    """Keeps settings that the host has validated; they hold from the next unit of work on."""
    await fetch(
        "INSERT INTO plugin_switch (tenant_id, id, key, state, settings, changed_at) "
        "VALUES ($1, $2, $3, 'off', $4::text::jsonb, $5) ON CONFLICT (tenant_id, key) "
        "DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at",
        *(new_id(), key, orjson.dumps(settings).decode(), clock.now()),
    )
    _forget()


def _forget() -> None:
    current_unit().notes.pop("plugin_switches", None)


async def note_fault(key: str, place: str, fault: BaseException) -> None:
    """Counts a failure of a plugin, so that the tenant's administrator sees it; written at the end
    of the unit."""
    faults_here().note(key, place, fault)
