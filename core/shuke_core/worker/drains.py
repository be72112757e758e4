"""Drains: a topic of waiting rows, worked off tenant by tenant in two steps.

First the dispatch role sees which tenants have something due, then each of them gets one batch in
its own unit of work before any gets a second: a tenant with a flood does not hold up the others.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import shuffle
from time import monotonic
from uuid import UUID

from shuke_core.kit.metrics import BATCHES
from shuke_core.kit.traces import noting
from shuke_core.kit.transactions import directory_work, dispatch_work, fetch_across

REST_SECONDS = 1.0
_STATE_SECONDS = 2.0
_MOST_KNOWN = 100_000

log = logging.getLogger("shuke.worker")


@dataclass(frozen=True, slots=True)
class Drain:
    """`due` runs as dispatch and names tenants; `work` does one batch and says if more may wait."""

    topic: str
    due: Callable[[], Awaitable[list[UUID]]]
    work: Callable[[UUID], Awaitable[bool]]


async def due_tenants(table: str, condition: str, *values: object) -> list[UUID]:
    """Tenants with a row of `table` that holds `condition`, found by skipping along its index.

    The condition speaks of the row as `q` and of `values` as $1, $2 …
    """
    step = f"SELECT q.tenant_id FROM {table} q WHERE {condition}"
    rows = await fetch_across(
        f"""
        WITH RECURSIVE due AS (
            ({step} ORDER BY q.tenant_id LIMIT 1)
            UNION ALL
            SELECT ({step} AND q.tenant_id > due.tenant_id ORDER BY q.tenant_id LIMIT 1)
              FROM due WHERE due.tenant_id IS NOT NULL
        )
        SELECT tenant_id FROM due WHERE tenant_id IS NOT NULL
        """,
        *values,
    )
    return [row["tenant_id"] for row in rows]


_at_work_until: dict[UUID, tuple[float, bool]] = {}


async def _at_work(tenants: list[UUID]) -> list[UUID]:
    """Those whose work goes on: what a suspended tenant has waits, and of an erased one nothing is
    left to do. Known for two seconds, as a tenant's state is anywhere."""
    unknown = [each for each in tenants if _at_work_until.get(each, (0.0, False))[0] < monotonic()]
    if unknown:
        async with directory_work():
            rows = await fetch_across(
                "SELECT id FROM tenant WHERE id = ANY ($1::uuid[]) "
                "AND state IN ('active', 'closing')",
                unknown,
            )
        going, until = {row["id"] for row in rows}, monotonic() + _STATE_SECONDS
        if len(_at_work_until) > _MOST_KNOWN:
            _at_work_until.clear()
        _at_work_until.update({each: (until, each in going) for each in unknown})
    return [each for each in tenants if each in _at_work_until and _at_work_until[each][1]]


async def _due(drain: Drain) -> list[UUID]:
    async with dispatch_work():
        tenants = await drain.due()
    tenants = await _at_work(tenants)
    shuffle(tenants)  # several workers begin at different tenants
    return tenants


def _never() -> bool:
    return False


async def drain_topic(drain: Drain, is_over: Callable[[], bool] = _never) -> int:
    """Works until nobody has anything due, or it `is_over`; returns how many batches were done.

    A tenant whose batch fails is left alone for a second, and the others go on; its rows stay due.
    """
    batches = 0
    rest_until: dict[UUID, float] = {}
    again = True
    while again:
        again = False
        for tenant_id in await _due(drain):
            if is_over():
                return batches
            if rest_until.get(tenant_id, 0.0) > monotonic():
                continue
            with noting(topic=drain.topic, tenant=str(tenant_id)):
                try:
                    again |= await drain.work(tenant_id)
                    batches += 1
                    BATCHES.labels(drain.topic, "done").inc()
                except Exception:
                    rest_until[tenant_id] = monotonic() + REST_SECONDS
                    BATCHES.labels(drain.topic, "failed").inc()
                    log.exception("a batch failed")
    return batches
