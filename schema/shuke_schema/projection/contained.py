"""Runs a statement in which plugins have SQL: apart, against the clock, again without them.

A statement does not tell whose piece of it failed. With several plugins each is tried alone, which
only a page that fails pays for.
"""

from collections.abc import Callable

from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import read_value, read_value_apart
from shuke_core.plugins.errors import PluginFailed
from shuke_core.plugins.faults import contain, faults_here, too_late
from shuke_core.projection.sql import Statement
from shuke_schema import containment
from shuke_schema.projection.plan import Asked, Outline

Write = Callable[[frozenset[str]], Statement]
Answered = tuple[Statement, str | None]


async def read_contained(outline: Outline, asked: Asked, write: Write, of_plugin: str) -> Answered:
    """The statement that was answered, and its answer. Plugins whose SQL fails are left out of it,
    noted and counted; `of_plugin` is the plugin whose rows are read, without which there are none.
    """
    everybody = frozenset(outline.places)
    failed = everybody & faults_here().late
    if of_plugin in failed:
        raise PluginFailed(key=of_plugin)
    answer = await _tried(write(failed), asked)
    if not isinstance(answer, Exception):
        return answer
    guilty = await _guilty(everybody - failed, everybody, write, asked, answer)
    if of_plugin not in guilty:
        without = write(failed | guilty.keys())
        # Not caught: what fails without them is the core's own fault, and is not noted as theirs.
        text: str | None = await read_value(without.text, *asked.parameters(without))
    for key in sorted(guilty):
        if isinstance(guilty[key], TimeoutError):
            too_late(key, containment.FIELD_SECONDS)
        contain(key, outline.places[key], guilty[key])
    if of_plugin in guilty:
        raise PluginFailed(key=of_plugin)
    return without, text


async def _guilty(
    asked_for: frozenset[str],
    everybody: frozenset[str],
    write: Write,
    asked: Asked,
    fault: Exception,
) -> dict[str, Exception]:
    """Those that fail alone; all of them if none does, or if there is only one."""
    if len(asked_for) < 2:
        return dict.fromkeys(asked_for, fault)
    found: dict[str, Exception] = {}
    for key in sorted(asked_for):
        alone = await _tried(write(everybody - {key}), asked)
        if isinstance(alone, Exception):
            found[key] = alone
    return found or dict.fromkeys(asked_for, fault)


async def _tried(statement: Statement, asked: Asked) -> Answered | Exception:
    try:
        return statement, await read_value_apart(
            containment.FIELD_SECONDS, statement.text, *asked.parameters(statement)
        )
    except PASSING:
        raise
    except TimeoutError:
        return TimeoutError(f"not done in {containment.FIELD_SECONDS} s")
    except Exception as fault:  # noqa: BLE001 (whatever a plugin's SQL raises is contained)
        return fault
