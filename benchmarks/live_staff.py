"""The rows `live.staff`: thousands of subscriptions of staff on one process, and their memory.

One of each person listens to all orders, the others to their own tasks.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from benchmarks.data import Shop, fill, open_shop
from benchmarks.live_source import BATCH, OF_ONE, Source, kilobytes, said, staff_of
from benchmarks.servers import Effort, Processes, Stand
from benchmarks.sockets import crowd
from benchmarks.suite import OURS, Row, row_of
from shuke_core.database.config import credentials
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.live.streams import Streams
from shuke_core.staff.addressees import route_to_person

_QUIET = 920  # the number of their tenant
_ORDERS = "subscription { ordersChanged { cursor gap change { kind orderId } } }"
_TASKS = "subscription { myTasksChanged { cursor gap change { kind taskId at } } }"


async def _ids(shop: Shop, people: int, handles: str) -> list[UUID]:
    """The ids of these people, in the order of their numbers."""
    async with unit_of_work(shop.tenant_id):
        rows = await fetch(
            "SELECT id, handle FROM staff WHERE tenant_id = $1 AND handle = ANY ($2::text[])",
            [f"{handles}-{number}" for number in range(people)],
        )
    found = {row["handle"]: row["id"] for row in rows}
    return [found[f"{handles}-{number}"] for number in range(people)]


async def _quiet_shop(here: Stand) -> Shop:
    """A tenant in which nothing has happened yet: who subscribes is told of one gap, not of none."""
    shop = await open_shop(here, _QUIET, 200)
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        await fill(owner, shop)
    finally:
        await owner.close()
    return shop


async def at_work(here: Stand, effort: Effort, running: Processes) -> list[Row]:
    """5,000 subscriptions of staff on one process: each hears of their own tasks, one in twenty of
    every order besides. Deliveries a second, and kilobytes a socket, taken once all have heard."""
    shop = await _quiet_shop(here)
    sockets, rounds = (1_000, 1) if effort.rounds < 4 else (5_000, effort.rounds)
    people = sockets // OF_ONE
    tokens = await staff_of(shop, people, "work")
    routes = [route_to_person(each) for each in await _ids(shop, people, "work")]
    frames = [said(tokens[n % people], _ORDERS if n < people else _TASKS) for n in range(sockets)]
    listening = OF_ONE - 1  # sockets of a person that hear of their tasks
    port, path = running.web(), f"/t/{shop.slug}/staff/graphql"
    pid = running.latest
    async with AsyncExitStack() as stack:
        streams = await stack.enter_async_context(Streams(here.places.redis_url))
        redis = Redis.from_url(here.places.redis_url)
        stack.push_async_callback(redis.aclose)
        source = Source(streams, redis, shop, None)
        async with crowd(port, [path] * OF_ONE, frames[-OF_ONE:]):
            await asyncio.sleep(0.5)
        before = kilobytes(pid)
        ours = await stack.enter_async_context(crowd(port, [path] * sockets, frames))

        async def told() -> float:
            """An order for everybody who listens, then a task a person: both kinds at once."""
            start, heard = time.perf_counter(), ours.counted
            await source.orders(BATCH)
            await source.tasks(routes)
            due = heard + BATCH * people + people * listening
            await ours.until(due)
            took = time.perf_counter() - start
            await asyncio.sleep(0.2)
            assert ours.counted == due, f"{ours.counted - due} were told of what is not theirs"
            return (due - heard) / took

        # The first items lie far ahead of the relay: all are told of a gap before them.
        await source.orders(1)
        await source.tasks(routes)
        await ours.until(3 * sockets + people + people * listening)
        await asyncio.sleep(0.5)
        rates = [{OURS: await told()} for _ in range(max(rounds, 3))]
        after = kilobytes(pid)
    return [
        row_of("live.staff", "updates/s", rates),
        row_of("live.staff.memory", "kB a socket", [{OURS: (after - before) / sockets}]),
    ]
