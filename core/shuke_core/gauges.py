"""Keeps the gauges of the whole deployment: what waits, what is dead, and a sample of the ledger.

The queues are read as dispatch, which sees states and times of all tenants and nothing else.
"""

import asyncio
import logging
from itertools import count
from random import choice
from time import time
from uuid import UUID

from shuke_core.kit import metrics
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import directory_work, dispatch_work, fetch_across, unit_of_work
from shuke_core.ledger.verify import some_accounts, verify_ledger
from shuke_core.tenants.queries import all_tenants

SAMPLE = 5
LAG_SECONDS = 0.5

log = logging.getLogger("shuke.gauges")

# Waiting and dead rows are counted along partial indexes, so a long history costs nothing.
_QUEUES = """
SELECT (SELECT count(*) FROM event WHERE position IS NULL) AS events,
       (SELECT coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float8
          FROM event WHERE position IS NULL AND tenant_id <> ALL ($1::uuid[])) AS outbox_oldest,
       (SELECT count(*) FROM inbox WHERE state = 'pending') AS messages,
       (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8
          FROM inbox WHERE state = 'pending' AND due_at <= now()
           AND tenant_id <> ALL ($1::uuid[])) AS inbox_lag,
       (SELECT count(*) FROM parked_event WHERE state = 'parked') AS parked,
       (SELECT count(*) FROM inbox WHERE state = 'dead') AS dead_messages,
       (SELECT count(*) FROM parked_event WHERE state = 'dead') AS dead_events,
       (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8
          FROM schedule WHERE state = 'waiting' AND due_at <= now()
           AND tenant_id <> ALL ($1::uuid[])) AS schedules_late
"""


async def read_queues() -> None:
    """Sets the gauges of what waits and of what is dead. What a suspended tenant has waits on
    purpose: it is counted, and makes nothing late."""
    async with directory_work():
        resting = await fetch_across("SELECT id FROM tenant WHERE state = 'suspended'")
    async with dispatch_work():
        (row,) = await fetch_across(_QUEUES, [each["id"] for each in resting])
    metrics.OUTBOX_OLDEST.set(row["outbox_oldest"])
    metrics.INBOX_LAG.set(row["inbox_lag"])
    metrics.SCHEDULES_LATE.set(row["schedules_late"])
    for kind in ("events", "messages", "parked"):
        metrics.WAITING.labels(kind).set(row[kind])
    metrics.DEAD.labels("messages").set(row["dead_messages"])
    metrics.DEAD.labels("events").set(row["dead_events"])
    metrics.GAUGES_READ.set(time())


async def sample_ledger() -> int:
    """Derives a few accounts of a random tenant anew; returns how many differences there were."""
    tenants = await all_tenants()
    if not tenants:
        return 0
    tenant_id: UUID = choice(tenants).id  # noqa: S311 (a sample, not a secret)
    async with unit_of_work(tenant_id):
        accounts = await some_accounts(SAMPLE)
        verified = await verify_ledger(accounts)
    metrics.LEDGER_VERIFIED.inc(len(accounts))
    if verified.differences:
        metrics.LEDGER_DIFFERENCES.inc(verified.differences)
        log.error(
            "the ledger differs from itself",
            extra={"tenant": str(tenant_id), "checks": [d.check for d in verified.found]},
        )
    return verified.differences


async def keep_gauges(seconds: float) -> None:
    """Reads the queues, and each sixth time samples the ledger, until it is cancelled."""
    for turn in count():
        try:
            await read_queues()
            if turn % 6 == 0:
                await sample_ledger()
        except PASSING as away:
            log.warning("the gauges can't be read (%s)", away)
        except Exception:
            log.exception("the gauges can't be read")
        await asyncio.sleep(seconds)


async def watch_loop() -> None:
    """Observes how late this process's event loop is, until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        metrics.LOOP_LAG.observe(max(0.0, loop.time() - due))
