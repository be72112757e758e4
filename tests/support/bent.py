"""Runs `shuke` with one thing bent: a broken variant that a fault run must find, or a skewed clock.

`python -m tests.support.bent BEND[,BEND] COMMAND...`
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shuke_schema.cli import main

_tasks: set[asyncio.Task[Any]] = set()


def _later(work: Any) -> None:
    """Half a second after now, for nobody to wait for."""

    async def run() -> None:
        await asyncio.sleep(0.5)
        await work

    task = asyncio.create_task(run())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def acknowledges_before_commit() -> None:
    """The web process answers 202 and stores the message half a second later."""
    from shuke_schema import asgi
    from shuke_schema.http import hooks
    from shuke_schema.http.answers import JsonAnswer, read_body

    stores = hooks.receive

    async def receive(request: Request) -> Response:
        request._body = await read_body(request)
        _later(stores(request))
        return JsonAnswer({"state": "taken"}, 202)

    vars(asgi)["receive"] = receive


def marks_done_before_effect() -> None:
    """The worker marks messages as done, commits, and takes them in half a second later."""
    from shuke_core.integrations import inbox
    from shuke_core.kit.transactions import current_unit, fetch, unit_of_work

    takes_in = inbox._process

    async def process(messages: Sequence[Any]) -> None:
        await fetch(
            "UPDATE inbox SET state = 'done', lease = NULL WHERE tenant_id = $1 "
            "AND id = ANY ($2::uuid[])",
            [message.id for message in messages],
        )
        unit = current_unit()
        tenant_id = unit.tenant_id
        assert tenant_id is not None

        async def effect() -> None:
            async with unit_of_work(tenant_id):
                await takes_in(messages)

        unit.after_commit.append(lambda: _later(effect()))

    inbox._process = process


def earns_again() -> None:
    """Every batch of orders is rated once more, under causes that the database can't know."""
    from dataclasses import replace

    from shuke_core.kit.ids import new_id
    from shuke_core.points import services

    books = vars(services)["earn"]

    async def earn(earnings: Sequence[Any], **how: Any) -> Any:
        await books([replace(each, cause_id=new_id()) for each in earnings], **how)
        return await books(earnings, **how)

    vars(services)["earn"] = earn


def clock_ahead() -> None:
    """This process's clock is 120 seconds fast."""
    from shuke_core.kit import clock

    clock._read = lambda: datetime.now(UTC) + timedelta(seconds=120)


def _every_two_seconds(run: Callable[[], Awaitable[bool]]) -> None:
    """Registers the schedule `test.chore`, with a slot every two seconds."""
    from zoneinfo import ZoneInfo

    from shuke_core.worker.schedules import Schedule, register_schedule

    class EveryTwoSeconds(Schedule):
        def slot_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
            return datetime.fromtimestamp(moment.timestamp() // 2 * 2 + 2, UTC)

    register_schedule(EveryTwoSeconds("test.chore", hour=0, minute=0, run=run))


async def _slot() -> datetime:
    """The slot that is being done: the last that had come when the unit began."""
    from shuke_core.kit.transactions import fetch

    (row,) = await fetch(
        "SELECT floor(extract(epoch FROM now()) / 2)::int8 * 2 AS at, $1::uuid AS tenant"
    )
    return datetime.fromtimestamp(row["at"], UTC)


async def _give_a_point(slot: datetime) -> None:
    """The chore's effect. It would be given again: no two runs have the same cause."""
    import secrets

    from tests.support.history import CHORE, chore_cause

    from shuke_core.kit.transactions import fetch
    from shuke_core.ledger.services import Earning, earn

    (member,) = await fetch("SELECT id FROM member WHERE tenant_id = $1 ORDER BY id LIMIT 1")
    cause, now = chore_cause(slot, secrets.randbits(64)), datetime.now(UTC)
    await earn([Earning(member["id"], 1, cause, now, None)], cause_type=CHORE, rule_id=None)


def slow_chore() -> None:
    """The chore gives a point; it takes half a second, so that there is time to be killed in."""

    async def run() -> bool:
        await _give_a_point(await _slot())
        await asyncio.sleep(0.5)
        return False

    _every_two_seconds(run)


def hasty_chore() -> None:
    """The chore's slot is recorded as done half a second before it gives its point."""
    from shuke_core.kit.transactions import current_unit, unit_of_work

    async def run() -> bool:
        slot, unit = await _slot(), current_unit()
        tenant_id = unit.tenant_id
        assert tenant_id is not None

        async def effect() -> None:
            async with unit_of_work(tenant_id):
                await _give_a_point(slot)

        unit.after_commit.append(lambda: _later(effect()))
        return False

    _every_two_seconds(run)


def chore_apart() -> None:
    """The chore's point is committed half a second before its slot is recorded."""
    from shuke_core.kit import transactions
    from shuke_core.kit.transactions import current_unit, unit_of_work

    async def run() -> bool:
        slot, tenant_id = await _slot(), current_unit().tenant_id
        assert tenant_id is not None

        async def effect() -> None:
            async with unit_of_work(tenant_id):
                await _give_a_point(slot)

        outside = copy_context()
        outside.run(transactions._current.set, None)
        await asyncio.create_task(effect(), context=outside)
        await asyncio.sleep(0.5)
        return False

    _every_two_seconds(run)


def skips_when_resuming() -> None:
    """The web process leaves out the first update of all that a client has missed."""
    from shuke_schema.live.reader import Reader

    replays = Reader.replay

    async def replay(self: Reader, *words: Any) -> Any:
        return ((await replays(self, *words)) or [])[1:]

    setattr(Reader, "replay", replay)  # noqa: B010 (it is bent on purpose)


def resumes_too_early() -> None:
    """The web process goes on some positions before the one that a client knows."""
    from shuke_core.live.cursors import Cursors

    reads = Cursors.read
    early = lambda self, cursor: max(0, reads(self, cursor) - 6)  # noqa: E731
    setattr(Cursors, "read", early)  # noqa: B010


def names_people() -> None:
    """Faults that carry somebody's phone in their words: in the web process for the integration
    `breaks`, in the worker for every batch of several orders and each of its orders."""
    from shuke_core.events import reactions
    from shuke_schema.http import hooks

    receives, phone = vars(hooks)["receive_message"], "138 0013 8000, +8613800138000"
    several: set[Any] = set()

    async def receive_message(key: str, *words: Any) -> Any:
        if key == "breaks":
            raise RuntimeError(f"{phone} can't be taken")
        return await receives(key, *words)

    vars(hooks)["receive_message"] = receive_message
    reacts = reactions._react

    async def react(reaction: Any, events: Sequence[Any]) -> None:
        several.update(event.id for event in events if len(events) > 1)
        if any(event.id in several for event in events):
            raise ValueError(f"Key (phone)=(13800138000) of {phone} is there twice")
        await reacts(reaction, events)

    reactions._react = react


BENDS: tuple[Callable[[], None], ...] = (
    acknowledges_before_commit,
    marks_done_before_effect,
    earns_again,
    clock_ahead,
    slow_chore,
    hasty_chore,
    chore_apart,
    skips_when_resuming,
    resumes_too_early,
    names_people,
)

if __name__ == "__main__":
    wanted = sys.argv.pop(1).split(",")
    for bend in BENDS:
        if bend.__name__ in wanted:
            wanted.remove(bend.__name__)
            bend()
    assert not wanted, f"no such bend: {wanted}"
    main()
