"""The worker process: woken through arq in milliseconds, by the poll when Redis is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from time import monotonic

import orjson
import pytest
from redis.asyncio import Redis
from tests.support.scratch import undisturbed
from tests.support.shop import Shop, open_shop

from shuke_core.app import DRAINS
from shuke_core.embedded import EmbeddedServers
from shuke_core.integrations.services import receive_message
from shuke_core.kit.tasks import end
from shuke_core.kit.transactions import current_unit, unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.settings import Settings
from shuke_core.worker import arq_bridge
from shuke_core.worker.arq_bridge import QUEUE, ArqWaker
from shuke_core.worker.process import work

PHONE = "13800138000"


@asynccontextmanager
async def _worker(settings: Settings, redis_url: str) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(work(DRAINS, settings, redis_url, stop))
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


@asynccontextmanager
async def _shop_alone(runtime: Runtime, servers: EmbeddedServers) -> AsyncIterator[Shop]:
    async with undisturbed(runtime, servers) as alone:
        yield await open_shop(alone, points_per_yuan=Decimal(1), expires_after_days=365)


def _eager(runtime: Runtime) -> Settings:
    return runtime.settings.model_copy(update={"poll_seconds": 0.1})


async def _seconds_until_points(shop: Shop, limit: float = 5.0) -> float:
    start = monotonic()
    while monotonic() - start < limit:
        rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
        if rows and rows[0]["available"] == 12:
            return monotonic() - start
        await asyncio.sleep(0.01)
    raise AssertionError(f"no points after {limit} s")


@pytest.mark.slow
async def test_a_wake_through_arq_beats_polls_that_never_come(
    runtime: Runtime, servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arq_bridge, "_LOOK_SECONDS", 3600.0)  # arq looks when it is told to
    lazy = runtime.settings.model_copy(update={"poll_seconds": 3600.0})
    async with _shop_alone(runtime, servers) as shop, _worker(lazy, servers.redis_url):
        async with unit_of_work(shop.tenant_id):
            headers, body = shop.message([shop.ticket(phone=PHONE)])
            received = await receive_message("till", headers, body)
            current_unit().after_commit.clear()  # the wake comes from another process
        waker = ArqWaker(servers.redis_url)
        waker("inbox")
        await waker.close()
        assert received.tickets == 1
        assert await _seconds_until_points(shop) < 5


@pytest.mark.slow
async def test_without_any_redis_the_poll_does_the_work(
    runtime: Runtime, servers: EmbeddedServers, tmp_path: Path
) -> None:
    settings, nobody = _eager(runtime), f"unix://{tmp_path}/nobody.sock"
    async with _shop_alone(runtime, servers) as shop, _worker(settings, nobody):
        await shop.send(shop.ticket(phone=PHONE))
        assert await _seconds_until_points(shop) < 5


async def test_many_wakes_at_once_become_one_job_a_topic(servers: EmbeddedServers) -> None:
    keys = [QUEUE, *(f"arq:job:wake:{topic}" for topic in ("inbox", "relay"))]
    async with Redis.from_url(servers.redis_url) as redis, redis.pubsub() as hints:
        await redis.delete(*keys)
        await hints.subscribe(f"{QUEUE}:hints")
        assert await hints.get_message(timeout=5)  # that it listens
        for waker in (ArqWaker(servers.redis_url), ArqWaker(servers.redis_url)):
            for _ in range(1000):
                waker("inbox")
                waker("relay")
            await waker.close()
        waiting = set(await redis.zrange(QUEUE, 0, -1))
        jobs = [orjson.loads(job) for job in await redis.mget(keys[1:]) if job]
        await redis.delete(*keys)
        assert waiting == {b"wake:inbox", b"wake:relay"}
        assert [(job["f"], job["a"]) for job in jobs] == [("wake", ["inbox"]), ("wake", ["relay"])]
        told = [await hints.get_message(True, timeout=0.5) for _ in range(3)]
        assert [each is not None for each in told] == [True, True, False]


@pytest.mark.slow
async def test_a_waker_without_redis_neither_raises_nor_waits_long(tmp_path: Path) -> None:
    waker = ArqWaker(f"unix://{tmp_path}/nobody.sock")
    start = monotonic()
    waker("inbox")
    await waker.close()
    assert monotonic() - start < 5


@pytest.mark.slow
async def test_a_redis_that_is_frozen_holds_up_neither_waker_nor_worker(
    runtime: Runtime, servers: EmbeddedServers, tmp_path: Path
) -> None:
    async def answers_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(1024):
                pass
        finally:
            writer.close()

    path = tmp_path / "frozen.sock"
    async with (
        _shop_alone(runtime, servers) as shop,
        await asyncio.start_unix_server(answers_nothing, path),
    ):
        waker = ArqWaker(f"unix://{path}")
        waker("inbox")
        start = monotonic()
        await waker.close()
        async with _worker(_eager(runtime), f"unix://{path}"):
            await shop.send(shop.ticket(phone=PHONE))
            await _seconds_until_points(shop)
        assert monotonic() - start < 15


async def test_a_cancellation_that_gets_lost_does_not_keep_the_worker_up() -> None:
    lost = 0

    async def loses_the_first() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    task = asyncio.create_task(loses_the_first())
    await asyncio.sleep(0)
    await asyncio.wait_for(end([task]), 5)
    assert (lost, task.cancelled()) == (2, True)
