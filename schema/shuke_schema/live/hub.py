"""The hub: one for the process. It keeps the groups, and runs the reader and the sweep."""

import asyncio
import logging
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress

import orjson

from shuke_core.kit.tasks import Tasks
from shuke_core.live.streams import Streams
from shuke_schema.http.rates import Rates
from shuke_schema.live.errors import GroupsTooMany
from shuke_schema.live.groups import Group
from shuke_schema.live.guards import Subscribed
from shuke_schema.live.limits import LiveLimits
from shuke_schema.live.reader import Reader
from shuke_schema.live.runs import Refused, Run
from shuke_schema.live.sessions import Sessions
from shuke_schema.live.sockets import LiveSocket
from shuke_schema.live.strangers import Strangers

log = logging.getLogger("shuke.live")


class Hub:
    """What the sockets of a process share."""

    def __init__(self, streams: Streams, rates: Rates, limits: LiveLimits | None = None) -> None:
        self.limits = limits or LiveLimits()
        self.rates = rates
        self.tasks = Tasks()
        self.reader = Reader(streams)
        self.groups: dict[Hashable, Group] = {}
        self.sockets = 0  # handshakes included
        self.strangers = Strangers(self.limits.strangers, self.limits.strangers_of_address)
        self.sessions = Sessions(self.reader, self.limits, self.tasks)
        self._readers = asyncio.Semaphore(self.limits.runs_that_read)

    def group(self, socket: LiveSocket, subscribed: Subscribed) -> Group:
        """The group of equal subscribers: all that may change an answer is in its name.

        One more than a person may be in is refused: each keeps a ring and is run by itself.
        """
        door, context = socket.door, socket.context
        assert context is not None  # noqa: S101 (it is known who subscribes)
        shared, key = door.shared(context), subscribed.source.key(context)
        variables = orjson.dumps(subscribed.variables, option=orjson.OPT_SORT_KEYS)
        name = (
            *(door.door.name, shared, id(subscribed.schema), subscribed.text, variables),
            *(subscribed.operation, key),
        )
        if name not in self.groups:
            if len(self.sessions.groups_of(socket)) >= self.limits.groups:
                raise GroupsTooMany(most=self.limits.groups)
            self.groups[name] = Group(self, name, Run(subscribed, shared, key, self._readers))
        return self.groups[name]

    def give_up(self, name: Hashable, group: Group) -> None:
        """The group has no members any more."""
        if self.groups.get(name) is group:
            del self.groups[name]

    def enter(self, socket: LiveSocket) -> bool:
        """Lets a socket in whose person is known; False when they have too many already."""
        return self.sessions.enter(socket)

    def leave(self, socket: LiveSocket) -> None:
        """The socket is closed."""
        self.sessions.leave(socket)

    async def part(self) -> None:
        """Before the process ends: tells who is level where they stand, and closes with 1012.

        Takes twice `part_seconds` at most. Who was not reached by then, since there are too many or
        they do not read, is closed by the server as it stops: without last words, with all that a
        resume needs.
        """
        seconds = self.limits.part_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for group in list(self.groups.values()):
                    await self._part(group)
                    await asyncio.sleep(0)  # others get their turn, and the time-out
        closing = [socket.part() for socket in self.sessions.sockets]
        if closing:
            await asyncio.wait(closing, timeout=seconds)

    async def _part(self, group: Group) -> None:
        try:
            await group.part()
        except Refused:  # the rights no longer hold: nothing is told
            pass
        except Exception:
            log.exception("last words can't be encoded")

    @property
    def is_empty(self) -> bool:
        """Whether no group, line or socket is left."""
        return not (
            self.groups
            or self.reader.lines
            or self.sessions.entrances
            or self.sockets
            or self.strangers.count
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Hub"]:
        """Reads and sweeps inside the block."""
        self.tasks.start(self.reader.run())
        self.tasks.start(self.sessions.sweep())
        try:
            yield self
        finally:
            await self.tasks.end()
