"""Reactions: what a domain does about events, each at its own position, effect and cursor together.

A batch that fails is taken apart: events go one by one, the one that fails is parked with its
reason, later events of the same entity are parked behind it, all others go on. Parked events are
tried again with growing pauses and are dead after eight attempts, until somebody re-drives them.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from shuke_core.events import parking
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_across, in_unit_of_work, unit_of_work
from shuke_core.plugins.queries import enabled_plugins
from shuke_core.worker.drains import Drain, due_tenants

REACTIONS = "reactions"
PARKED = "parked"
WINDOW = 500

log = logging.getLogger("shuke.events")


class EventGone(ShukeError):
    code = "EVENT_GONE"
    sentence = "The event at position {position} is past its time and no longer kept."


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its position. `payload` is what the announcing dataclass held, as JSON values."""

    position: int
    id: UUID
    type: str
    entity: str
    payload: dict[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Reaction:
    """`react` gets events of `types` in the order of their positions, inside a unit of work.

    It must be idempotent by business identity: after a crash it sees the same events again. One of
    a plugin runs only for tenants that have the plugin on; switched on again it takes up where it
    stopped, as far as events are kept.
    """

    name: str
    types: frozenset[str]
    react: Callable[[Sequence[Event]], Awaitable[None]]
    plugin: str | None = None


_registered: dict[str, Reaction] = {}


def register_reaction(reaction: Reaction) -> Reaction:
    """Makes the worker run the reaction; the name is stable for ever, its cursor is kept by it."""
    if reaction.name in _registered:
        raise ValueError(f"two reactions are named {reaction.name!r}")
    _registered[reaction.name] = reaction
    return reaction


async def running_reactions() -> list[Reaction]:
    """The reactions that run for the current tenant."""
    on = await enabled_plugins()
    return [r for r in _registered.values() if r.plugin is None or r.plugin in on]


def forget_reactions(plugin: str) -> None:
    """Takes a plugin's reactions away again."""
    for name in [name for name, r in _registered.items() if r.plugin == plugin]:
        del _registered[name]


async def _due() -> list[UUID]:
    rows = await fetch_across(
        "SELECT DISTINCT l.tenant_id FROM relay l "
        "CROSS JOIN unnest($1::text[], $2::text[]) AS r(name, plugin) "
        "LEFT JOIN reaction_cursor c ON c.tenant_id = l.tenant_id AND c.name = r.name "
        "WHERE coalesce(c.position, 0) < l.position AND (r.plugin IS NULL OR EXISTS (SELECT "
        "FROM plugin_switch s WHERE s.tenant_id = l.tenant_id AND s.key = r.plugin "
        "AND s.state = 'on'))",
        list(_registered),
        [reaction.plugin for reaction in _registered.values()],
    )
    return [row["tenant_id"] for row in rows]


async def _events(sql: str, *values: object) -> list[Event]:
    rows = await fetch(
        "SELECT position, id, type, entity, payload::text AS payload, recorded_at "
        f"FROM event WHERE tenant_id = $1 AND {sql} ORDER BY position",
        *values,
    )
    return [Event(**{**row, "payload": orjson.loads(row["payload"])}) for row in rows]


async def _lock_cursor(name: str) -> int | None:
    """The reaction's position, locked; None while another worker holds it."""
    await fetch(
        "INSERT INTO reaction_cursor (tenant_id, id, name, position) VALUES ($1, $2, $3, 0) "
        "ON CONFLICT (tenant_id, name) DO NOTHING",
        *(new_id(), name),
    )
    rows = await fetch(
        "SELECT position FROM reaction_cursor WHERE tenant_id = $1 AND name = $2 "
        "FOR UPDATE SKIP LOCKED",
        name,
    )
    return rows[0]["position"] if rows else None


async def _move_cursor(name: str, position: int) -> None:
    await fetch(
        "UPDATE reaction_cursor SET position = $3 WHERE tenant_id = $1 AND name = $2",
        *(name, position),
    )


async def _step(reaction: Reaction, window: int, tried: list[int] | None = None) -> int:
    if reaction.plugin is not None and reaction.plugin not in await enabled_plugins():
        return 0
    start = await _lock_cursor(reaction.name)
    if start is None:
        return 0
    head: int = (await fetch("SELECT position FROM relay WHERE tenant_id = $1"))[0]["position"]
    end = min(head, start + window)
    if end == start:
        return 0
    if tried is not None:
        tried.append(end)
    events = await _events(
        "position > $2 AND position <= $3 AND type = ANY ($4::text[])",
        *(start, end, sorted(reaction.types)),
    )
    blocked = await parking.blocked_entities(reaction.name, {event.entity for event in events})
    for event in events:
        if event.entity in blocked:
            await parking.park_behind(reaction.name, event.position, event.entity)
    free = [event for event in events if event.entity not in blocked]
    if free:
        await reaction.react(free)
    await _move_cursor(reaction.name, end)
    return end - start


async def _advance(tenant_id: UUID, reaction: Reaction, window: int) -> int:
    """One window of one reaction in one unit; returns how far it came (0: nothing to do)."""
    return await in_unit_of_work(tenant_id, partial(_step, reaction, window))


async def _advance_one_by_one(tenant_id: UUID, reaction: Reaction) -> None:
    for _ in range(WINDOW):
        tried: list[int] = []
        try:
            if not await in_unit_of_work(tenant_id, partial(_step, reaction, 1, tried)):
                return
        except PASSING:
            raise
        except Exception as failure:
            if not tried:  # it never came to an event, so none is to blame
                raise
            log.exception("an event is parked", extra={"reaction": reaction.name})
            async with unit_of_work(tenant_id):
                await _park(reaction, tried[-1], failure)


async def _park(reaction: Reaction, position: int, failure: Exception) -> None:
    """Parks the event that was tried, unless another worker has gone past it meanwhile."""
    if await _lock_cursor(reaction.name) != position - 1:
        return
    for event in await _events("position = $2", position):
        await parking.park(reaction.name, event.position, event.entity, failure)
    await _move_cursor(reaction.name, position)


async def run_reactions(tenant_id: UUID) -> bool:
    """One window of every reaction; says whether any of them may have more to do.

    A reaction that can't go on does not keep the others from it.
    """
    more = False
    away: BaseException | None = None
    for reaction in list(_registered.values()):
        try:
            more |= await _advance(tenant_id, reaction, WINDOW) == WINDOW
        except PASSING as passing:
            away = passing
        except Exception:
            log.exception("a window is taken apart", extra={"reaction": reaction.name})
            await _advance_one_by_one(tenant_id, reaction)
            more = True
    if away is not None:
        raise away
    return more


async def _due_parked() -> list[UUID]:
    return await due_tenants(
        "parked_event",
        "q.state = 'parked' AND q.due_at <= now() AND q.reaction = ANY ($1::text[])",
        list(_registered),
    )


async def retry_parked(tenant_id: UUID) -> bool:
    """Tries the tenant's earliest due parked event once more; says whether there was one."""
    async with unit_of_work(tenant_id):
        parked = await parking.claim([reaction.name for reaction in await running_reactions()])
    if parked is None:
        return False
    reaction = _registered[parked.reaction]

    async def react() -> None:
        if await parking.still_mine(parked):
            events = await _events("position = $2", parked.position)
            if not events:
                raise EventGone(position=parked.position)
            await reaction.react(events)
            await parking.mark_done(parked)

    try:
        await in_unit_of_work(tenant_id, react)
    except PASSING:
        raise
    except Exception as failure:
        log.exception("a parked event failed again", extra={"reaction": reaction.name})
        async with unit_of_work(tenant_id):
            await parking.mark_failed(parked, failure)
    return True


REACTION_DRAIN = Drain(REACTIONS, _due, run_reactions)
PARKED_DRAIN = Drain(PARKED, _due_parked, retry_parked)
