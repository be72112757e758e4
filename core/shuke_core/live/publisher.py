"""The publisher: a drain that adds stamped events of live topics to the tenant's streams.

Its cursor in PostgreSQL moves after Redis has taken the items, so nothing is left out; what is
handed over twice, Redis refuses. While Redis is away it waits, and loses nothing; a tenant whose
streams Redis refuses rests, and holds nobody else up.
"""

import logging
from contextlib import suppress
from time import monotonic
from uuid import UUID

from shuke_core.events.relay import LIVE
from shuke_core.kit.transactions import fetch_across, unit_of_work
from shuke_core.live.history import CURSOR, mark_published, unpublished
from shuke_core.live.streams import AWAY, REFUSED, Streams
from shuke_core.worker.drains import Drain

WINDOW = 500
_PAUSE_SECONDS = 1.0
_REST_SECONDS = 30.0

log = logging.getLogger("shuke.live")

_streams: Streams | None = None
_away_until = 0.0
_resting: dict[UUID, float] = {}  # until when


def publish_to(streams: Streams | None) -> None:
    """Sets where this process publishes; None: it does not, and others do."""
    global _streams, _away_until
    _streams, _away_until = streams, 0.0
    _resting.clear()


async def _due() -> list[UUID]:
    if _streams is None or _away_until > monotonic():
        return []
    rows = await fetch_across(
        "SELECT l.tenant_id FROM relay l LEFT JOIN reaction_cursor c "
        "ON c.tenant_id = l.tenant_id AND c.name = $1 WHERE coalesce(c.position, 0) < l.position",
        CURSOR,
    )
    for tenant_id in [each for each, until in _resting.items() if until <= monotonic()]:
        del _resting[tenant_id]
    return [row["tenant_id"] for row in rows if row["tenant_id"] not in _resting]


async def publish(tenant_id: UUID) -> bool:
    """The tenant's next 500 positions; says whether more may wait."""
    global _away_until
    if _streams is None:
        return False
    async with unit_of_work(tenant_id):
        batch = await unpublished(WINDOW)
    if batch.upto == batch.after:
        return False
    try:
        await _streams.append(tenant_id, batch.after, batch.upto, batch.items)
    except AWAY as fault:
        if _away_until <= monotonic():
            log.warning("Redis does not answer (%s); live updates wait for it", fault)
        _away_until = monotonic() + _PAUSE_SECONDS
        return False
    except REFUSED:
        log.exception("Redis refuses a tenant's live items", extra={"tenant": str(tenant_id)})
        _resting[tenant_id] = monotonic() + _REST_SECONDS
        with suppress(REFUSED, OSError):
            await _streams.forget(tenant_id)
        return False
    async with unit_of_work(tenant_id):
        await mark_published(batch.upto)
    return batch.upto - batch.after == WINDOW


LIVE_DRAIN = Drain(LIVE, _due, publish)
