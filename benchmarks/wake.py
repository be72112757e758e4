"""The rows `wake`: single tickets in an idle system, from the outbox row or the webhook to points."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from benchmarks.data import SEED, Shop
from benchmarks.load import connections
from benchmarks.proof import proven
from benchmarks.servers import Effort, Stand, processes
from benchmarks.suite import OURS, Row, percentile, row_of
from benchmarks.till import CURRENCY, Till, all_rated, open_till, seconds_to_points, settled
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.services import record_sales
from shuke_core.worker.arq_bridge import ArqWaker
from shuke_core.worker.wake import use_waker

_TENANT = 902
_WARM = 20
_PAUSE = (0.03, 0.07)  # seconds between tickets: the system is idle again each time


def _rows(name: str, took: Sequence[float]) -> list[Row]:
    """The percentiles of these seconds, in milliseconds."""
    return [
        row_of(f"{name}.p{part}", "ms", [{OURS: percentile(took, part / 100) * 1000}])
        for part in (50, 99)
    ]


async def _outbox_to_handler(here: Stand, till: Till, singles: int) -> list[float]:
    """As a web process: the unit that wrote the outbox row has committed, the wake goes by arq.

    The handler's moment is the one that it books the points with.
    """
    draw = random.Random(SEED)  # noqa: S311
    before, since = await settled(till.shop), clock.now() - timedelta(milliseconds=1)
    received: dict[str, datetime] = {}
    committed: dict[str, datetime] = {}
    waker = ArqWaker(here.places.redis_url)
    use_waker(waker)
    try:
        for _ in range(singles):
            sale = till.sale()
            async with unit_of_work(till.shop.tenant_id):
                await record_sales("bench", CURRENCY, [sale])
            committed[sale.external_no] = clock.now()
            received[sale.external_no] = sale.received_at
            await asyncio.sleep(draw.uniform(*_PAUSE))
        await all_rated(till.shop, before + singles)
    finally:
        use_waker(None)
        await waker.close()
    took = await seconds_to_points(till.shop, since)
    return [took[no] - (committed[no] - received[no]).total_seconds() for no in committed]


async def _webhook_to_points(web: int, till: Till, singles: int) -> list[float]:
    """By signed HTTP, as a till that sends each ticket at once."""
    draw = random.Random(SEED)  # noqa: S311
    before, since = await settled(till.shop), clock.now() - timedelta(milliseconds=1)
    async with connections(web, 1) as (connection,):
        for _ in range(singles):
            await connection.ask(till.message(1))
            await asyncio.sleep(draw.uniform(*_PAUSE))
    await all_rated(till.shop, before + singles)
    return list((await seconds_to_points(till.shop, since)).values())


async def run(here: Stand, effort: Effort, _: Sequence[Shop]) -> list[Row]:
    """Milliseconds, p50 and p99; reported, never a reason to fail."""
    till = await open_till(here, _TENANT)
    with processes(here) as started:
        started.worker()
        web = started.web()
        await _webhook_to_points(web, till, _WARM)
        woken = await _outbox_to_handler(here, till, effort.singles)
        sent = await _webhook_to_points(web, till, effort.singles)
        await settled(till.shop)
    await proven(till.shop)
    return [*_rows("wake", woken), *_rows("wake.webhook", sent)]
