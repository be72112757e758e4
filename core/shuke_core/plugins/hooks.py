"""Calling plugins' hooks: only those that are on, each within a deadline, each failure contained.

Hooks are coroutines. They may read and write through `fetch` in the caller's unit of work; each
runs inside a savepoint, so that one that fails leaves nothing behind and harms nobody else.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pluggy

from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import savepoint
from shuke_core.plugins.configuration import settings_of
from shuke_core.plugins.faults import contain
from shuke_core.plugins.queries import enabled_plugins

Answer = TypeVar("Answer")

PROJECT = "shuke"
DEADLINE_SECONDS = 0.25

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

_manager = pluggy.PluginManager(PROJECT)


def hook_manager() -> pluggy.PluginManager:
    """Where the host puts hookspecs, and each plugin's implementations under its key."""
    return _manager


async def call_hook(
    hook: str, checked: Callable[[Any], Answer], **facts: Any
) -> list[tuple[str, Answer]]:
    """Asks every plugin that is on and implements the hook, in the order of their keys.

    Returns (key, answer) of those that answered; None is no answer. `checked` takes an answer into
    its right form, or raises. A plugin that raises, answers amiss, or is not done in 250 ms, is left
    out, noted with its key and counted; the caller goes on. A plugin
    that blocks the whole process can't be interrupted: it is noted as too slow when it returns.
    """
    implementations = {impl.plugin_name: impl for impl in _implementations(hook)}
    if not implementations:
        return []
    answers: list[tuple[str, Answer]] = []
    for key in sorted(implementations.keys() & await enabled_plugins()):
        impl = implementations[key]
        try:
            # The clock inside: a savepoint that is cancelled on its way out is left open.
            async with savepoint(), asyncio.timeout(DEADLINE_SECONDS):
                known = {**facts, "settings": await settings_of(key)}
                told = await impl.function(**{name: known[name] for name in impl.argnames})
                answer = None if told is None else checked(told)
        except PASSING:
            raise
        except TimeoutError:
            contain(key, hook, TimeoutError(f"not done in {DEADLINE_SECONDS} s"))
        except Exception as fault:  # noqa: BLE001 (whatever a plugin raises is contained)
            contain(key, hook, fault)
        else:
            if answer is not None:
                answers.append((key, answer))
    return answers


def _implementations(hook: str) -> list[Any]:
    caller = getattr(_manager.hook, hook, None)
    return caller.get_hookimpls() if caller is not None else []
