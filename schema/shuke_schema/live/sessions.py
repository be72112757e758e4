"""Open sockets by door, tenant and person; their tokens are looked at again every few seconds.

One statement a tenant and door. What the domain announces (a log-out, a departure) makes it look at
once. A socket whose token was not confirmed for a while holds its updates back by itself.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator

from shuke_core.kit.faults import PASSING
from shuke_core.kit.tasks import Tasks
from shuke_core.kit.transactions import unit_of_work
from shuke_core.live.topics import Item
from shuke_core.tenants.errors import TenantSuspended, TenantUnknown
from shuke_core.tenants.queries import TenantCard, find_tenant
from shuke_schema.live.doors import MOST_A_STATEMENT, LiveDoor
from shuke_schema.live.groups import Group
from shuke_schema.live.limits import LiveLimits
from shuke_schema.live.reader import Reader
from shuke_schema.live.sockets import LiveSocket

_LATER: tuple[type[BaseException], ...] = (TimeoutError, *PASSING)

log = logging.getLogger("shuke.live")


class Entrance:
    """The sockets that came through one door of one tenant."""

    def __init__(
        self, door: LiveDoor, tenant: TenantCard, reader: Reader, limits: LiveLimits, tasks: Tasks
    ) -> None:
        self.by_caller: dict[str, set[LiveSocket]] = defaultdict(set)
        self._door, self._tenant, self._reader = door, tenant, reader
        self._limits, self._tasks = limits, tasks
        self._closed = False
        tasks.start(self._listen())

    @property
    def sockets(self) -> list[LiveSocket]:
        """All of them."""
        return [socket for sockets in self.by_caller.values() for socket in sockets]

    def close(self) -> None:
        """Nobody is left."""
        self._closed = True
        self._reader.forget(self._tenant.id, self._door.sessions, None, self)

    async def _listen(self) -> None:
        try:
            await self._reader.listen(self._tenant.id, self._door.sessions, None, self)
            if self._closed:
                self.close()
        except PASSING as fault:
            log.warning("log-outs are found by the sweep alone (%s)", fault)

    def feed(self, items: list[Item]) -> None:
        """Tokens of these people were revoked, or what they may do has changed."""
        callers = {f"{self._door.door.name}:{item.key}" for item in items}
        sockets = [each for caller in callers for each in self.by_caller.get(caller, ())]
        if sockets:
            self._tasks.start(self.look_at(sockets))

    def lose(self, position: int) -> None:
        """What was missed, the sweep finds."""

    async def look_at(self, sockets: Collection[LiveSocket]) -> None:
        """Confirms, moves or closes these, by what their tokens say now."""
        try:
            async with asyncio.timeout(self._limits.look_seconds):
                await self._look_at(sockets)
        except (TenantUnknown, TenantSuspended):
            for socket in sockets:
                socket.revoke()
        except _LATER as fault:
            log.warning(
                "tokens can't be looked at (%s); updates are held back",
                fault or "it takes too long",
            )
        except Exception:
            log.exception("tokens can't be looked at; updates are held back")

    async def _look_at(self, sockets: Collection[LiveSocket]) -> None:
        tenant = await find_tenant(self._tenant.slug)
        schema = await self._door.door.schema_of(tenant)
        for chunk in _chunks(list(sockets)):
            digests = {socket.digest for socket in chunk}
            async with unit_of_work(tenant.id):
                found = await self._door.recheck(tenant, digests)
            for socket in chunk:
                context = found.get(socket.digest)
                if context is None:
                    socket.revoke()
                elif context != socket.context or not socket.follows(schema):
                    self._rename(socket, context.caller)
                    socket.move(context)
                else:
                    socket.confirm()

    def _rename(self, socket: LiveSocket, caller: str) -> None:
        """The same token may be somebody else's now: a visitor has become a member who was known."""
        former = socket.context.caller if socket.context else caller
        if former != caller and socket in self.by_caller[former]:
            self.by_caller[former].discard(socket)
            if not self.by_caller[former]:
                del self.by_caller[former]
            self.by_caller[caller].add(socket)


def _chunks(sockets: list[LiveSocket]) -> Iterator[list[LiveSocket]]:
    for start in range(0, len(sockets), MOST_A_STATEMENT):
        yield sockets[start : start + MOST_A_STATEMENT]


class Sessions:
    """All entrances of the process."""

    def __init__(self, reader: Reader, limits: LiveLimits, tasks: Tasks) -> None:
        self.entrances: dict[tuple[str, str], Entrance] = {}
        self._reader, self._limits, self._tasks = reader, limits, tasks
        self._looks = asyncio.Semaphore(limits.looks_at_once)

    def enter(self, socket: LiveSocket) -> bool:
        """Lets a socket in whose person is known; False when they have too many already."""
        assert socket.context is not None  # noqa: S101
        name = (socket.door.door.name, socket.tenant.slug)
        entrance = self.entrances.get(name)
        if entrance is None:
            entrance = self.entrances[name] = Entrance(
                socket.door, socket.tenant, self._reader, self._limits, self._tasks
            )
        theirs = entrance.by_caller[socket.context.caller]
        if len(theirs) >= self._limits.of_caller:
            return False
        theirs.add(socket)
        return True

    def leave(self, socket: LiveSocket) -> None:
        """The socket is closed."""
        name = (socket.door.door.name, socket.tenant.slug)
        entrance = self.entrances.get(name)
        if entrance is None or socket.context is None:
            return
        caller = socket.context.caller
        entrance.by_caller[caller].discard(socket)
        if not entrance.by_caller[caller]:
            del entrance.by_caller[caller]
        if not entrance.by_caller:
            del self.entrances[name]
            entrance.close()

    @property
    def sockets(self) -> list[LiveSocket]:
        """All sockets whose person is known."""
        return [each for entrance in self.entrances.values() for each in entrance.sockets]

    def groups_of(self, socket: LiveSocket) -> set[Group]:
        """The groups that the socket's person is in, through all their sockets."""
        assert socket.context is not None  # noqa: S101
        entrance = self.entrances.get((socket.door.door.name, socket.tenant.slug))
        theirs = entrance.by_caller.get(socket.context.caller, ()) if entrance else ()
        return {group for each in theirs for group in each.groups}

    async def sweep(self) -> None:
        """Looks at every open token again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(self._limits.sweep_seconds)
            await asyncio.gather(*(self._look_at(each) for each in self.entrances.values()))

    async def _look_at(self, entrance: Entrance) -> None:
        """One tenant whose answer hangs holds up few others, and not for long."""
        async with self._looks:
            await entrance.look_at(entrance.sockets)
