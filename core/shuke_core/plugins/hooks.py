"""Calling plugins' hooks: only those that are on, each within a deadline, each failure contained.

Hooks are coroutines. They may read and write through `fetch` in the caller's unit of work; each
runs inside a savepoint, so that one that fails leaves nothing behind and harms nobody else.
"""

import asyncio
import logging
from typing import Any

import pluggy

from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import savepoint
from shuke_core.plugins.configuration import settings_of
from shuke_core.plugins.queries import enabled_plugins
from shuke_core.plugins.services import note_fault

PROJECT = "shuke"
DEADLINE_SECONDS = 0.25

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

log = logging.getLogger("shuke.plugins")
_manager = pluggy.PluginManager(PROJECT)


def hook_manager() -> pluggy.PluginManager:
    """Where the host puts hookspecs, and each plugin's implementations under its key."""
    return _manager


async def call_hook(hook: str, **facts: Any) -> list[tuple[str, Any]]:
    """Asks every plugin that is on and implements the hook, in the order of their keys.

    Returns (key, answer) of those that answered; None is no answer. A plugin that raises, or is
    not done in 250 ms, is left out, noted with its key and counted; the caller goes on. A plugin
    that blocks the whole process can't be interrupted: it is noted as too slow when it returns.
    """
    implementations = {impl.plugin_name: impl for impl in _implementations(hook)}
    if not implementations:
        return []
    answers: list[tuple[str, Any]] = []
    for key in sorted(implementations.keys() & await enabled_plugins()):
        impl = implementations[key]
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), savepoint():
                known = {**facts, "settings": await settings_of(key)}
                answer = await impl.function(**{name: known[name] for name in impl.argnames})
        except PASSING as passing:
            if not isinstance(passing, TimeoutError):
                raise
            await _contain(key, hook, TimeoutError(f"not done in {DEADLINE_SECONDS} s"))
        except Exception as fault:  # noqa: BLE001 (whatever a plugin raises is contained)
            await _contain(key, hook, fault)
        else:
            if answer is not None:
                answers.append((key, answer))
    return answers


def _implementations(hook: str) -> list[Any]:
    caller = getattr(_manager.hook, hook, None)
    return caller.get_hookimpls() if caller is not None else []


async def _contain(key: str, hook: str, fault: BaseException) -> None:
    log.error("a plugin failed", extra={"plugin": key, "hook": hook}, exc_info=fault)
    await note_fault(key, hook, fault)
