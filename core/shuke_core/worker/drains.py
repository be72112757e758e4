"""Drains: a topic of waiting rows, worked off tenant by tenant in two steps.

First the dispatch role sees which tenants have something due, then each of them gets one batch in
its own unit of work before any gets a second: a tenant with a flood does not hold up the others.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import shuffle
from uuid import UUID

from shuke_core.kit.transactions import dispatch_work, fetch_across

log = logging.getLogger("shuke.worker")


@dataclass(frozen=True, slots=True)
class Drain:
    """`due` runs as dispatch and names tenants; `work` does one batch and says if more may wait."""

    topic: str
    due: Callable[[], Awaitable[list[UUID]]]
    work: Callable[[UUID], Awaitable[bool]]


async def due_tenants(table: str, condition: str) -> list[UUID]:
    """Tenants with a row of `table` that holds `condition`, found by skipping along its index."""
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
        """
    )
    return [row["tenant_id"] for row in rows]


async def _due(drain: Drain) -> list[UUID]:
    async with dispatch_work():
        tenants = await drain.due()
    shuffle(tenants)  # several workers begin at different tenants
    return tenants


async def drain_topic(drain: Drain) -> int:
    """Works until nobody has anything due; returns how many batches were done.

    A tenant whose batch fails is left alone for the rest of this call; its rows stay due and the
    poll comes back to them.
    """
    batches = 0
    failed: set[UUID] = set()
    while tenants := [tenant for tenant in await _due(drain) if tenant not in failed]:
        again = False
        for tenant_id in tenants:
            try:
                again |= await drain.work(tenant_id)
                batches += 1
            except Exception:
                failed.add(tenant_id)
                log.exception("a batch failed", extra={"topic": drain.topic, "tenant": tenant_id})
        if not again:
            break
    return batches
