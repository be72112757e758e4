"""The only file that knows arq: a wake is one arq job, and the job only knocks.

arq carries wakes and nothing else. Its jobs return at once, hold no state, and may all be lost:
rows in PostgreSQL are the record and the poll finds them. That keeps its known faults (lost
queues, blocked ids, jobs that are not retried) away from the work.

arq itself only looks from time to time: each 10 ms cost 2 % of a core and 5 ms of every wake. So
whoever enqueues says so on a channel, and the worker looks then; now and then it looks anyhow.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

QUEUE = "shuke:wakes"
_JOB = "wake"
_COALESCE_SECONDS = 0.002
_HINTS = f"{QUEUE}:hints"
_LOOK_SECONDS = 0.1  # without a hint
_PATIENCE_SECONDS = 2.0  # with a Redis that takes connections and answers nothing

log = logging.getLogger("shuke.worker")


class ArqWaker:
    """Carries the wakes of a web process. The first goes at once; those that come while it is under
    way, and in the two milliseconds after, become one a topic."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: ArqRedis | None = None
        self._asked: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def __call__(self, topic: str) -> None:
        if self._closed:
            return
        self._asked.add(topic)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        while self._asked:
            topics, self._asked = self._asked, set()
            try:
                if self._pool is None:
                    self._pool = _pool(self._url)
                await _enqueue(self._pool, topics)
            except (TimeoutError, RedisError, OSError):
                log.warning("no wake was sent; the poll will find the work")
            await asyncio.sleep(_COALESCE_SECONDS)

    async def close(self) -> None:
        """Sends what is asked for and lets the connection go; later wakes are left to the poll."""
        self._closed = True
        if self._task is not None:
            await self._task
        if self._pool is not None:
            await _let_go(self._pool)


async def _enqueue(pool: ArqRedis, topics: Iterable[str]) -> None:
    """As `enqueue_job`, with the hint and for all of the topics in one trip where that takes four.

    One wake a topic waits in Redis, however many are sent while nobody listens.
    """
    now = timestamp_ms()
    async with pool.pipeline(transaction=True) as trip:
        for topic in topics:
            job_id = f"wake:{topic}"
            job = serialize_job(_JOB, (topic,), {}, None, now, serializer=orjson.dumps)
            trip.set(job_key_prefix + job_id, job, px=pool.expires_extra_ms, nx=True)
            trip.zadd(QUEUE, {job_id: now}, nx=True)
        trip.publish(_HINTS, "")
        await trip.execute()


async def _let_go(pool: ArqRedis) -> None:
    with suppress(RedisError, OSError, TimeoutError):
        await asyncio.wait_for(pool.aclose(close_connection_pool=True), _PATIENCE_SECONDS)


def _pool(url: str) -> ArqRedis:
    """Connections to redis://, rediss:// or unix://. They fail fast: the poll is there."""
    return ArqRedis(
        ConnectionPool.from_url(
            url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
        ),
        job_serializer=orjson.dumps,
        job_deserializer=orjson.loads,
    )


async def listen(url: str, knock: Callable[[str], None]) -> None:
    """Hears wakes until it is cancelled. When Redis goes away it tries again each second."""

    async def wake(ctx: dict[Any, Any], topic: str) -> None:
        knock(topic)

    while True:
        try:
            await _listen_once(url, wake)
        except (RedisError, OSError, TimeoutError) as fault:
            log.warning("Redis does not answer (%s); working by the poll meanwhile", fault)
        await asyncio.sleep(1)


class _HintedWorker(Worker):
    """Looks into the queue when it is told to, and now and then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(poll_delay=0, **options)
        self._hinted = asyncio.Event()

    async def hear(self) -> None:
        """Takes hints until it is cancelled. While Redis is away there are none to miss."""
        while True:
            with suppress(RedisError, OSError, TimeoutError):
                async with self.pool.pubsub() as hints:
                    await hints.subscribe(_HINTS)
                    while True:
                        if await hints.get_message(True, timeout=_PATIENCE_SECONDS):
                            self._hinted.set()
            await asyncio.sleep(1)

    async def _poll_iteration(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._hinted.wait()
        self._hinted.clear()
        await super()._poll_iteration()


async def _listen_once(url: str, wake: Callable[..., Coroutine[Any, Any, None]]) -> None:
    pool = _pool(url)
    try:
        worker = _HintedWorker(
            functions=[func(wake, name=_JOB, keep_result=0, timeout=5, max_tries=1)],
            redis_pool=pool,
            queue_name=QUEUE,
            handle_signals=False,
            max_jobs=50,
            queue_read_limit=1000,
            keep_result=0,
            health_check_interval=5,
            job_serializer=orjson.dumps,
            job_deserializer=orjson.loads,
        )
        hearing = asyncio.create_task(worker.hear())
        try:
            await worker.async_run()
        finally:
            hearing.cancel()
            await asyncio.wait([hearing])
            # It raises its own cancellation once more, before it has closed the pool.
            with suppress(asyncio.CancelledError, RedisError, OSError, TimeoutError):
                await asyncio.wait_for(worker.close(), _PATIENCE_SECONDS)
    finally:
        await _let_go(pool)
