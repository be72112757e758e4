"""Leases: a worker takes waiting rows for some seconds, and whoever dies leaves them to the next.

One mechanism for the inbox, parked events and schedules. The claim moves `due_at` ahead: that is
the lease, and the database's clock alone decides when it ends. The lease's id says whether rows
are still one's own. A worker that is told to stop gives its rows back at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit.faults import PASSING
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import reason_of
from shuke_core.kit.transactions import Row, fetch, unit_of_work
from shuke_core.settings import current_settings

log = logging.getLogger("shuke.worker")


@dataclass(frozen=True, slots=True)
class Leased:
    """A table whose rows are worked off under a lease: it has state, attempt, due_at and lease.

    `waiting` is the state of a row that may be claimed. With `counts_claims` it also has `claims`,
    which tells of rows that kill their workers: those never get to fail.
    """

    table: str
    waiting: str
    counts_claims: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's claim on rows of one table. All of it runs in a unit of work."""

    of: Leased
    id: UUID

    async def claim(self, picking: str, *values: object, returning: str) -> list[Row]:
        """Takes rows in one statement; returns `returning` of each, which speaks of it as `q`.

        `picking` selects ids of waiting rows that are due FOR UPDATE SKIP LOCKED, once, so that a
        LIMIT in it holds; `$1` is the tenant, `values` start at `$4`.
        """
        claims = ", claims = q.claims + 1" if self.of.counts_claims else ""
        return await fetch(
            f"""
            WITH picked AS MATERIALIZED ({picking})
            UPDATE {self.of.table} q
               SET lease = $2, due_at = now() + make_interval(secs => $3){claims}
              FROM picked WHERE q.tenant_id = $1 AND q.id = picked.id
            RETURNING {returning}
            """,
            *(self.id, current_settings().lease_seconds, *values),
        )

    async def holds(self, ids: Collection[UUID]) -> bool:
        """Whether the lease still covers every one of these rows; locks them until the unit ends."""
        rows = await fetch(
            f"SELECT id FROM {self.of.table} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
            "AND lease = $3 ORDER BY id FOR UPDATE",
            *(sorted(ids), self.id),
        )
        return len(rows) == len(ids)

    async def fail(
        self, ids: Collection[UUID], failure: BaseException, *, most: int, pause: float
    ) -> None:
        """Frees rows that failed for another attempt in `pause` seconds; after `most` they are dead.

        The reason stays with them, without what looks like a phone number or a mail address.
        """
        await fetch(
            f"UPDATE {self.of.table} SET lease = NULL, attempt = attempt + 1, reason = $4, "
            "due_at = now() + make_interval(secs => $5), "
            f"state = CASE WHEN attempt + 1 >= {most} THEN 'dead' ELSE '{self.of.waiting}' END "
            "WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND lease = $3",
            *(list(ids), self.id, reason_of(failure), pause),
        )

    async def give_back(self) -> None:
        """What is still held is due again now, as if it had not been claimed."""
        claims = ", claims = claims - 1" if self.of.counts_claims else ""
        await fetch(
            f"UPDATE {self.of.table} SET lease = NULL, due_at = now(){claims} "
            f"WHERE tenant_id = $1 AND state = '{self.of.waiting}' AND lease = $2",
            self.id,
        )


@asynccontextmanager
async def leasing(of: Leased, tenant_id: UUID) -> AsyncIterator[Lease]:
    """A lease for the block. When the block is cancelled, its rows are given back in a unit of
    their own, so that other workers need not wait; when even that fails, the lease runs out."""
    lease = Lease(of, new_id())
    try:
        yield lease
    except asyncio.CancelledError:
        try:
            async with unit_of_work(tenant_id):
                await lease.give_back()
        except PASSING as away:
            log.warning("a lease was not given back and runs out by itself", exc_info=away)
        raise
