"""The worker process: one pump a topic, moved by wakes and by the poll, until it is told to stop.

It stops in order: no new batch, a few seconds for those under way, then they roll back and their
leases are given back at once.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from shuke_core.kit.tasks import end
from shuke_core.settings import Settings
from shuke_core.worker.arq_bridge import listen
from shuke_core.worker.drains import Drain, drain_topic
from shuke_core.worker.schedules import enrol_all_tenants
from shuke_core.worker.wake import use_waker

_ENROL_SECONDS = 60.0
_PAUSE_AFTER_FAULT = 0.5
GRACE_SECONDS = 5.0

log = logging.getLogger("shuke.worker")


class Pump:
    """Works off one topic, one call at a time: a wake during the work means once more after it."""

    def __init__(self, drain: Drain, poll_seconds: float) -> None:
        self._drain = drain
        self._poll_seconds = poll_seconds
        self._knocked = asyncio.Event()
        self._over = False

    def finish(self) -> None:
        """No new batch; `run` returns when the one under way is done."""
        self._over = True
        self._knocked.set()

    def knock(self) -> None:
        """There is work, or may be."""
        self._knocked.set()

    async def run(self) -> None:
        """Runs until `finish`. Cancelled, the batch under way rolls back and is due again."""
        while not self._over:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._knocked.wait()
            self._knocked.clear()
            try:
                await drain_topic(self._drain, lambda: self._over)
            except Exception:
                log.exception("a topic can't be worked off", extra={"topic": self._drain.topic})
                await asyncio.sleep(_PAUSE_AFTER_FAULT)


async def _enrol_tenants() -> None:
    """Keeps every tenant enrolled in every schedule, also those that are created meanwhile."""
    while True:
        try:
            await enrol_all_tenants()
        except Exception:
            log.exception("tenants can't be enrolled in schedules")
        await asyncio.sleep(_ENROL_SECONDS)


async def work(
    drains: Sequence[Drain], settings: Settings, redis_url: str, stop: asyncio.Event
) -> None:
    """Works until `stop` is set. What was not finished stays due, for whoever comes next."""
    pumps = {drain.topic: Pump(drain, settings.poll_seconds) for drain in drains}

    def knock(topic: str) -> None:
        if topic in pumps:
            pumps[topic].knock()

    use_waker(knock)
    pumping = [asyncio.create_task(pump.run()) for pump in pumps.values()]
    beside = [asyncio.create_task(listen(redis_url, knock)), asyncio.create_task(_enrol_tenants())]
    log.info("the worker is up")
    try:
        await stop.wait()
        log.info("the worker finishes what is under way")
        for pump in pumps.values():
            pump.finish()
        await asyncio.wait(pumping, timeout=GRACE_SECONDS)
    finally:
        await end([*beside, *pumping])
        use_waker(None)
        log.info("the worker has stopped")
