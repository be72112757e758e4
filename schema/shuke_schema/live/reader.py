"""The reader: one for the process. It waits on the streams of all lines at once and feeds them.

Redis is a cache. Where a stream has lost or never had what comes next, it is read from PostgreSQL;
only what is too far back to be read is a gap, and is told.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from time import monotonic
from uuid import UUID, uuid4

from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import dispatch_work, unit_of_work
from shuke_core.live.cursors import cursors_of_tenant
from shuke_core.live.history import head, heads, items_between
from shuke_core.live.streams import AWAY, REFUSED, Entry, Streams, stream_of
from shuke_core.live.topics import Item, Topic
from shuke_schema.live.limits import RECENT
from shuke_schema.live.lines import Line, Listener

_PAUSE_SECONDS = 0.5
_REST_SECONDS = 2.0
LOOK_SECONDS = 5.0

log = logging.getLogger("shuke.live")


class Reader:
    """The lines of this process, and the one task that reads for them."""

    def __init__(self, streams: Streams, look_seconds: float = LOOK_SECONDS) -> None:
        self.lines: dict[str, Line] = {}
        self._streams, self._look_seconds = streams, look_seconds
        self._wake = f"shuke:live:wake:{uuid4().hex}"
        self._changed = asyncio.Event()

    async def listen(
        self, tenant_id: UUID, topic: Topic, key: str | None, listener: Listener
    ) -> Line:
        """Feeds the listener every item after the returned line's present position."""
        name = stream_of(tenant_id, topic.name)
        line = self.lines.setdefault(name, Line(tenant_id, topic))
        line.listeners[key].add(listener)  # before the first await: it keeps the line
        async with line.lock:
            if line.position is None:
                async with unit_of_work(tenant_id):
                    line.begin(await head(), await cursors_of_tenant())
                await self._call()
        return line

    def forget(self, tenant_id: UUID, topic: Topic, key: str | None, listener: Listener) -> None:
        """The listener is fed no more; a line without listeners is given up."""
        name = stream_of(tenant_id, topic.name)
        if (line := self.lines.get(name)) is None:
            return
        line.listeners[key].discard(listener)
        if not line.listeners[key]:
            del line.listeners[key]
        if not line.listeners:
            del self.lines[name]

    async def replay(self, line: Line, key: str | None, after: int, upto: int) -> list[Item] | None:
        """The items of the key between two positions, or None where they can't all be had.

        What is read for one is kept for all: thousands who come back together read once.
        """
        async with line.lock:
            while after < (floor := line.floor):
                older = await self._older(line, after, floor)
                if older is None or len(older) > RECENT:
                    return None
                if line.floor == floor:  # else the reader has moved it meanwhile
                    line.keep_older(older, after)
        return line.kept(key, after, upto)

    async def _older(self, line: Line, after: int, floor: int) -> list[Item] | None:
        try:
            found = await self._streams.between(
                line.tenant_id, line.topic.name, after, floor, RECENT
            )
        except AWAY:
            found = None
        except REFUSED:
            log.exception("Redis refuses a stream", extra={"tenant": str(line.tenant_id)})
            found = None
        return await self._from_history(line, after, floor) if found is None else found

    async def _from_history(self, line: Line, after: int, upto: int) -> list[Item] | None:
        async with unit_of_work(line.tenant_id):
            return await items_between(line.topic, after, upto)

    async def _call(self) -> None:
        """Ends the wait that is under way, so that a new line is waited for as well."""
        self._changed.set()
        try:
            await self._streams.call(self._wake)
        except AWAY:  # the wait fails as well, and begins anew with the line
            log.debug("no call: Redis does not answer")
        except REFUSED:
            log.exception("Redis refuses a call")

    async def run(self) -> None:
        """Reads until it is cancelled."""
        woken, is_away, looked_at = "0-0", False, monotonic()
        while True:
            self._changed.clear()
            if not self.lines:  # nobody listens: Redis is left alone
                await self._changed.wait()
                continue
            try:
                found, woken = await self._streams.wait(self._waiting(), self._wake, woken)
                for name, entries in found.items():
                    if (line := self.lines.get(name)) is not None and line.position is not None:
                        async with self._alone(line):
                            await self._take(line, line.position, entries)
                if is_away:
                    log.info("Redis answers again; live updates go on")
                    looked_at = -inf  # what it held may be gone
                is_away = False
            except AWAY as fault:
                if not is_away:
                    log.warning("Redis does not answer (%s); live updates wait for it", fault)
                is_away = True
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:
                log.exception("live items can't be read; they come from PostgreSQL meanwhile")
                await asyncio.sleep(_PAUSE_SECONDS)
            if monotonic() - looked_at >= self._look_seconds:
                await self._look()
                looked_at = monotonic()

    def _waiting(self) -> dict[str, int]:
        now = monotonic()
        return {
            name: line.position
            for name, line in self.lines.items()
            if line.position is not None and line.rests_until <= now
        }

    async def _look(self) -> None:
        """Takes from PostgreSQL what no stream has told: lost with Redis, or filled by a worker of
        another version. Lines on which nothing happens move on with their tenant's history."""
        lines = [line for line in self.lines.values() if line.position is not None]
        try:
            async with dispatch_work():
                upto = await heads({line.tenant_id for line in lines})
        except PASSING as fault:
            log.warning("live items can't be looked for (%s)", fault)
            return
        except Exception:
            log.exception("live items can't be looked for")
            return
        for line in lines:
            at, head_now = line.position or 0, upto.get(line.tenant_id, 0)
            if at < head_now and line.rests_until <= monotonic():
                async with self._alone(line):
                    missing = await self._from_history(line, at, head_now)
                    if missing is None:
                        line.lose(head_now)
                    else:
                        line.tell(missing)
                        line.advance(head_now)

    @asynccontextmanager
    async def _alone(self, line: Line) -> AsyncIterator[None]:
        """What goes wrong inside is this line's alone. Nothing was taken then; it comes again."""
        try:
            yield
        except Exception as fault:
            line.rests_until = monotonic() + _REST_SECONDS
            if isinstance(fault, PASSING):
                log.warning("live items can't be taken (%s)", fault)
            else:
                log.exception("live items can't be taken", extra={"tenant": str(line.tenant_id)})

    async def _take(self, line: Line, at: int, entries: list[Entry]) -> None:
        """Tells the line what follows `at`; what its stream lacks comes from PostgreSQL."""
        items: list[Item] = []
        for entry in entries:
            if entry.item.position <= at:
                continue
            if entry.before > at:
                missing = await self._from_history(line, at, entry.before)
                if missing is None:
                    line.tell(items)
                    line.lose(entry.before)
                    items = []
                else:
                    items += missing
            items.append(entry.item)
            at = entry.item.position
        line.tell(items)
