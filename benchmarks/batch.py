"""The rows `batch`: tickets by fifty, from the webhook to the points, against the bare statements."""

import time
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import cast

import asyncpg

from benchmarks.data import Shop
from benchmarks.load import drive, pace
from benchmarks.proof import proven
from benchmarks.servers import Effort, Stand, processes
from benchmarks.suite import LIMIT, OURS, Contestant, Row, alternate, percentile, row_of
from benchmarks.till import CURRENCY, Till, all_rated, open_till, seconds_to_points, settled
from shuke_core.database.config import credentials
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.services import Earning, earn
from shuke_core.orders.services import record_sales
from shuke_core.points.services import ORDER

BATCH = 50
CLIENTS = 4
GOAL = 0.25
_TENANT = 901

Statement = tuple[str, tuple[object, ...]]


class _Undone(Exception):
    """Rolls the unit back: only what it would have sent is wanted."""


class _Recorder:
    """Stands in for a unit's connection and writes down what passes."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection
        self.sent: list[Statement] = []

    async def fetch(self, sql: str, *values: object) -> list[dict[str, object]]:
        self.sent.append((sql, values))
        return await self._connection.fetch(sql, *values)


async def _statements(till: Till) -> list[Statement]:
    """What the product sends to record fifty sales and to book their points, values and all."""
    sales = [till.sale() for _ in range(BATCH)]
    earnings = [
        Earning(sale.member_id, sale.total_fen // 100, new_id(), sale.placed_at, None)
        for sale in sales
        if sale.member_id is not None
    ]
    try:
        async with unit_of_work(till.shop.tenant_id) as unit:
            recorder = _Recorder(unit.connection)
            unit.connection = cast(UnitConnection, recorder)
            await record_sales("bare", CURRENCY, sales)
            await earn(earnings, cause_type=ORDER, rule_id=till.shop.rule_id)
            raise _Undone
    except _Undone:
        return recorder.sent


def _bare(connection: asyncpg.Connection, till: Till, batches: int) -> Contestant:
    """One connection as the app role, batch after batch, nothing else around the statements."""
    prologue = f"BEGIN; SET LOCAL shuke.tenant_id = '{till.shop.tenant_id}'"

    async def run() -> float:
        work = [await _statements(till) for _ in range(batches)]
        start = time.perf_counter()
        for batch in work:
            await connection.execute(prologue)
            for sql, values in batch:
                await connection.fetch(sql, *values)
            await connection.execute("COMMIT")
        return batches * BATCH / (time.perf_counter() - start)

    return run


def _end_to_end(web: int, till: Till, messages: int) -> Contestant:
    """Signed messages over HTTP to the web process; the clock stops when the last is rated."""

    async def run() -> float:
        before = await settled(till.shop)
        requests = [till.message(BATCH) for _ in range(messages)]
        start = time.perf_counter()
        await drive(web, iter(requests), clients=CLIENTS)
        await all_rated(till.shop, before + messages * BATCH)
        return messages * BATCH / (time.perf_counter() - start)

    return run


async def _at_half_rate(web: int, till: Till, rate: float, seconds: float) -> list[Row]:
    before, since = await settled(till.shop), clock.now() - timedelta(milliseconds=1)
    every = BATCH / (rate / 2)
    messages = max(10, round(seconds / every))
    await pace(web, [till.message(BATCH) for _ in range(messages)], every=every)
    await all_rated(till.shop, before + messages * BATCH)
    took = [s * 1000 for s in (await seconds_to_points(till.shop, since)).values()]
    assert len(took) == messages * BATCH, f"{len(took)} tickets of {messages * BATCH} have points"
    return [
        row_of(f"batch.p{part}", "ms", [{OURS: percentile(took, part / 100)}]) for part in (50, 99)
    ]


async def run(here: Stand, effort: Effort, _: Sequence[Shop]) -> list[Row]:
    """Tickets a second end to end, one web and one worker process; then latency at half the rate."""
    till = await open_till(here, _TENANT)
    connection = await asyncpg.connect(**credentials(here.places.app_dsn))
    try:
        with processes(here) as started:
            started.worker()
            web = started.web()
            contestants = {
                OURS: _end_to_end(web, till, effort.messages),
                LIMIT: _bare(connection, till, effort.messages),
            }
            await alternate(1, contestants)
            rounds = await alternate(effort.rounds, contestants)
            rate = median(round_[OURS] for round_ in rounds)
            latency = await _at_half_rate(web, till, rate, 3 * effort.seconds)
            await settled(till.shop)
        await proven(till.shop)
    finally:
        await connection.close()
    return [row_of("batch", "tickets/s", rounds, GOAL), *latency]
