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

from shuke_core.kit.transactions import dispatch_work, fetch_across

REST_SECONDS = 1.0

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


async def _due(drain: Drain) -> list[UUID]:
    async with dispatch_work():
        tenants = await drain.due()
    shuffle(tenants)  # several workers begin at different tenants
    return tenants


async def drain_topic(drain: Drain) -> int:
    """Works until nobody has anything due; returns how many batches were done.

    A tenant whose batch fails is left alone for a second, and the others go on; its rows stay due.
    """
    batches = 0
    rest_until: dict[UUID, float] = {}
    again = True
    while again:
        again = False
        for tenant_id in await _due(drain):
            if rest_until.get(tenant_id, 0.0) > monotonic():
                continue
            try:
                again |= await drain.work(tenant_id)
                batches += 1
            except Exception:
                rest_until[tenant_id] = monotonic() + REST_SECONDS
                log.exception("a batch failed", extra={"topic": drain.topic, "tenant": tenant_id})
    return batches
