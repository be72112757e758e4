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
from shuke_core.events.cursors import MOST_PASSED, lock_cursor, move_cursor, pass_by
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.kit.traces import of_traces
from shuke_core.kit.transactions import fetch, fetch_across, in_unit_of_work, unit_of_work
from shuke_core.plugins.queries import enabled_plugins
from shuke_core.worker.drains import Drain, due_tenants
from shuke_core.worker.leases import Lease, leasing

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
    trace: str | None = None


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


def reactions_of_core() -> list[str]:
    """The names of the reactions that run for every tenant."""
    return [name for name, reaction in _registered.items() if reaction.plugin is None]


def known_reactions() -> dict[str, str | None]:
    """Every reaction of this process, by name, with the plugin whose it is."""
    return {name: reaction.plugin for name, reaction in _registered.items()}


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


async def _events(sql: str, *values: object, most: int = 1) -> list[Event]:
    rows = await fetch(
        "SELECT position, id, type, entity, payload::text AS payload, recorded_at, trace "
        f"FROM event WHERE tenant_id = $1 AND {sql} ORDER BY position LIMIT {most}",
        *values,
    )
    return [Event(**{**row, "payload": orjson.loads(row["payload"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class _Came:
    """How far a step came: by so many positions, and whether that was all there are."""

    positions: int
    all_of_them: bool


_NOWHERE = _Came(0, True)


async def _step(
    reaction: Reaction, window: int, tried: list[tuple[int, int]] | None = None
) -> _Came:
    """Hands over the next events of its types, `window` of them at the most, and passes the rest.

    `tried` is told from where to which event, when it comes to one.
    """
    if reaction.plugin is not None and reaction.plugin not in await enabled_plugins():
        return _NOWHERE
    found = await lock_cursor(reaction.name)
    if found is None or found[1] <= found[0]:
        return _NOWHERE
    start, head = found
    end = min(head, start + MOST_PASSED)
    events = await _events(
        "position > $2 AND position <= $3 AND type = ANY ($4::text[])",
        *(start, end, sorted(reaction.types)),
        most=window,
    )
    if len(events) == window:
        end = events[-1].position
    if events and tried is not None:
        tried.append((start, events[0].position))
    if events:
        await _hand_over(reaction, events)
    await move_cursor(reaction.name, end)
    return _Came(end - start, end == head)


async def _hand_over(reaction: Reaction, events: Sequence[Event]) -> None:
    """Lets the reaction have the events, but for those behind a parked one of their entity."""
    blocked = await parking.blocked_entities(reaction.name, {event.entity for event in events})
    for event in events:
        if event.entity in blocked:
            await parking.park_behind(reaction.name, event.position, event.entity)
    free = [event for event in events if event.entity not in blocked]
    if free:
        await _react(reaction, free)


async def _react(reaction: Reaction, events: Sequence[Event]) -> None:
    with of_traces([event.trace for event in events]):
        await reaction.react(events)


async def _advance(tenant_id: UUID, reaction: Reaction) -> bool:
    """One window of one reaction in one unit; says whether more may be left."""
    came = await in_unit_of_work(tenant_id, partial(_step, reaction, WINDOW))
    return not came.all_of_them


async def _advance_one_by_one(tenant_id: UUID, reaction: Reaction) -> None:
    for _ in range(WINDOW):
        tried: list[tuple[int, int]] = []
        try:
            came = await in_unit_of_work(tenant_id, partial(_step, reaction, 1, tried))
            if came.all_of_them:
                return
        except PASSING:
            raise
        except Exception as failure:
            if not tried:  # it never came to an event, so none is to blame
                raise
            async with unit_of_work(tenant_id):
                await _park(reaction, *tried[-1], failure)


async def _park(reaction: Reaction, start: int, position: int, failure: Exception) -> None:
    """Parks the event that was tried, unless another worker has gone past it meanwhile."""
    found = await lock_cursor(reaction.name)
    if found is None or found[0] != start:
        return
    for event in await _events("position = $2", position):
        with of_traces([event.trace]):
            log.error("an event is parked", extra={"reaction": reaction.name}, exc_info=failure)
        await parking.park(reaction.name, event.position, event.entity, failure)
    await move_cursor(reaction.name, position)


async def run_reactions(tenant_id: UUID) -> bool:
    """One window of every reaction; says whether any of them may have more to do.

    Most have no interest in most events, so those are passed by all together. A reaction that can't
    go on does not keep the others from it.
    """
    more = False
    away: BaseException | None = None
    async with unit_of_work(tenant_id):
        busy = await pass_by({each.name: each.types for each in await running_reactions()})
    for reaction in [each for each in _registered.values() if each.name in busy]:
        try:
            more |= await _advance(tenant_id, reaction)
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
    async with leasing(parking.LEASED, tenant_id) as lease:
        async with unit_of_work(tenant_id):
            names = [reaction.name for reaction in await running_reactions()]
            parked = await parking.claim(lease, names)
        if parked is not None:
            await _retry(tenant_id, lease, parked)
    return parked is not None


async def _retry(tenant_id: UUID, lease: Lease, parked: parking.Parked) -> None:
    reaction = _registered[parked.reaction]
    events: list[Event] = []

    async def react() -> None:
        # While the cursor is ours nobody parks an event behind one that is about to be done.
        await lock_cursor(parked.reaction, wait=True)
        if await lease.holds([parked.id]):
            events[:] = await _events("position = $2", parked.position)
            if not events:
                raise EventGone(position=parked.position)
            await _react(reaction, events)
            await parking.mark_done(parked)

    try:
        await in_unit_of_work(tenant_id, react)
    except PASSING:
        raise
    except Exception as failure:
        with of_traces([event.trace for event in events]):
            log.exception("a parked event failed again", extra={"reaction": reaction.name})
        async with unit_of_work(tenant_id):
            pause = parking.pause_after(parked.attempt + 1)
            await lease.fail([parked.id], failure, most=parking.ATTEMPTS, pause=pause)


REACTION_DRAIN = Drain(REACTIONS, _due, run_reactions)
PARKED_DRAIN = Drain(PARKED, _due_parked, retry_parked)
