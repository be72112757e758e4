"""Delivers messages until the server has worked off every one of them."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .errors import DemoError, NoProgress
from .pace import Pace
from .tickets import Message
from .till import Answer, Status, Till, Unavailable

SENDERS = 4
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the server answered, and where it stood once it had drained."""

    accepted: int
    known: int
    status: Status


@dataclass(frozen=True, slots=True)
class Patience:
    """The waiting times, in seconds."""

    without_progress: float = 60.0
    between_looks: float = 0.5
    first_retry: float = 0.1


async def deliver(
    till: Till,
    messages: Iterable[Message],
    *,
    watch: Callable[[Status | None], None],
    patience: Patience = Patience(),
) -> Delivered:
    """Send all messages with four senders at once and wait until the server has drained.

    `watch` is called at every look, with None when the server couldn't be reached; what it raises
    ends the delivery. Raises `Refused` at the first message that the server refuses, `NoProgress`
    when nothing moves.
    """
    delivery = _Delivery(till, messages, watch, patience)
    try:
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(delivery.look_until_drained())
            senders = [group.create_task(delivery.send_all()) for _ in range(SENDERS)]
            await asyncio.gather(*senders)
            delivery.sent_all = True
    except BaseExceptionGroup as group_of_errors:
        raise _first_cause(group_of_errors) from group_of_errors
    return Delivered(delivery.accepted, delivery.known, looking.result())


class _Delivery:
    def __init__(
        self,
        till: Till,
        messages: Iterable[Message],
        watch: Callable[[Status | None], None],
        patience: Patience,
    ) -> None:
        self._till = till
        self._messages = iter(messages)  # shared: taking the next one never yields to another task
        self._watch = watch
        self._patience = patience
        self._pace = Pace()
        self._trouble = ""
        self.accepted = 0
        self.known = 0
        self.sent_all = False

    async def send_all(self) -> None:
        for message in self._messages:
            await self._pace.turn()
            if await self._send(message) is Answer.ACCEPTED:
                self.accepted += 1
            else:
                self.known += 1

    async def _send(self, message: Message) -> Answer:
        pause = self._patience.first_retry
        while True:
            try:
                return await self._till.send(message)
            except Unavailable as trouble:
                self._trouble = str(trouble)
                await asyncio.sleep(min(max(pause, trouble.retry_after or 0), _LONGEST_PAUSE))
                pause = min(pause * 2, 5.0)

    async def look_until_drained(self) -> Status:
        moved_at = time.monotonic()
        before: tuple[tuple[int, ...], int, int] | None = None
        counts: tuple[int, ...] = ()
        while True:
            all_sent = self.sent_all  # read before looking: the look must come after the last send
            status = await self._look()
            self._watch(status)
            if status is not None:
                self._pace.observe(status, self.accepted + self.known)
                if all_sent and status.drained:
                    return status
                counts = status.counts
            now = (counts, self.accepted, self.known)
            if now != before:
                moved_at, before = time.monotonic(), now
            elif time.monotonic() - moved_at > self._patience.without_progress:
                raise NoProgress(self._standstill(status))
            await asyncio.sleep(self._patience.between_looks)

    async def _look(self) -> Status | None:
        try:
            return await self._till.status()
        except Unavailable as trouble:
            self._trouble = str(trouble)
            return None

    def _standstill(self, status: Status | None) -> str:
        seconds = f"{self._patience.without_progress:g} s"
        where = (
            f"{status.pending} messages pending, {status.events_behind} events behind"
            if status
            else "the server doesn't say where it is"
        )
        trouble = f"; its last trouble: {self._trouble}" if self._trouble else ""
        return f"Nothing has moved for {seconds}: {where}{trouble}."


def _first_cause(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one failure to tell; a group of them would only repeat it."""
    ours = errors.subgroup(DemoError) or errors
    cause: BaseException = ours.exceptions[0]
    return _first_cause(cause) if isinstance(cause, BaseExceptionGroup) else cause
