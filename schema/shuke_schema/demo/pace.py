"""Sends as fast as the server drains, and no faster: a busy shop, not a flood.

The measured time from webhook to points would otherwise be the length of our own queue.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from .till import Status

BACKLOG = 8
"""The messages that should be waiting at the server: it never idles, and nothing waits long."""
TOO_MANY_PENDING = 40
TOO_MANY_EVENTS = 5_000
_FIRST_RATE, _LEAST_RATE = 20.0, 2.0  # messages per second
_WINDOW = 1.0  # the seconds over which the server's speed is measured


class Pace:
    """Hands out turns to send; `observe` sets how many per second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_turn = clock()
        self._seen: deque[tuple[float, int, int]] = deque()
        self.rate = _FIRST_RATE
        self._open = asyncio.Event()
        self._open.set()

    async def turn(self) -> None:
        """Wait until one more message may go."""
        now = self._clock()
        turn = max(self._next_turn, now)
        self._next_turn = turn + 1 / self.rate
        await asyncio.sleep(turn - now)
        await self._open.wait()

    @property
    def held(self) -> bool:
        """Whether nothing goes until the server has caught up."""
        return not self._open.is_set()

    def observe(self, status: Status, answered: int) -> None:
        """Go faster while the server keeps up, and a little slower than it drains when it doesn't.

        `answered` counts every message that got its answer so far, known ones included.
        """
        now = self._clock()
        self._seen.append((now, answered, status.pending))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()
        then, answered_then, pending_then = self._seen[0]
        if now > then:
            sent = (answered - answered_then) / (now - then)
            drained = sent - (status.pending - pending_then) / (now - then)
            if status.pending <= BACKLOG:
                # No faster than twice what was really sent: the senders may be the limit.
                self.rate = min(self.rate * 1.25, max(_FIRST_RATE, 2 * sent))
            else:
                # So much slower that what is too much will be gone in a second.
                self.rate = drained - (status.pending - BACKLOG)
            self.rate = max(_LEAST_RATE, self.rate)
        if status.pending > TOO_MANY_PENDING or status.events_behind > TOO_MANY_EVENTS:
            self._open.clear()
        else:
            self._open.set()
