"""Groups: subscribers with equal rights, document and variables. Executed once, encoded once.

A group keeps one ring of encoded updates; each operation only holds its place in it. Whoever reads
slowly costs nothing and, once the ring has passed them by, passes a gap.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shuke_core.kit.transactions import unit_of_work
from shuke_core.live.cursors import Cursors
from shuke_core.live.history import head
from shuke_core.live.topics import Item
from shuke_schema.live.limits import RING, RING_CHARACTERS, RUN
from shuke_schema.live.lines import Line
from shuke_schema.live.runs import Refused, Run
from shuke_schema.live.updates import Told

if TYPE_CHECKING:
    from shuke_schema.live.hub import Hub
    from shuke_schema.live.operations import Operation

log = logging.getLogger("shuke.live")


class Frame(NamedTuple):
    """An encoded update; the text lacks what stands before it on each socket."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An update without a change, encoded: at which position, and whether it tells a gap."""

    position: int
    gap: bool
    text: str


class _Place(NamedTuple):
    """The number of the frame to go on with, and the position behind which it stands."""

    number: int
    position: int
    gap: bool = False


def _size(frames: Sequence[Frame]) -> int:
    return sum(len(frame.text) for frame in frames)


class Group:
    """`frames` are complete after `floor`; `base` is the number of the first of them."""

    def __init__(self, hub: "Hub", name: Hashable, run: Run) -> None:
        self.members: set[Operation] = set()
        self.frames: list[Frame] = []
        self.base = 0
        self.floor = 0
        self._hub, self._name, self._run = hub, name, run
        self._line: Line | None = None
        self._cursors: Cursors | None = None
        self._size = 0  # of all frames, in characters
        self._pending: list[Item] = []
        self._pump: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._mark: Mark | None = None

    @property
    def head(self) -> int:
        """The number of the next frame."""
        return self.base + len(self.frames)

    @property
    def position(self) -> int:
        """Up to where everything has been encoded."""
        return max(self.floor, self.frames[-1].position) if self.frames else self.floor

    async def join(self, operation: "Operation", after: str | int | None) -> None:
        """Lets an operation in, behind a cursor or position; raises Refused, LiveCursorInvalid."""
        self.members.add(operation)  # before the first await: it keeps the group
        async with self._lock:
            line = await self._begun()
            if operation not in self.members:  # gone meanwhile, and perhaps nobody else was left
                self._forget()
                return
            if isinstance(after, str):
                after = self._cursors_known().read(after)
            place = await self._place(line, after)
            opening = await self.mark(place.position, gap=place.gap)
            if operation in self.members:
                operation.begin(opening, place.number, place.position)

    async def _begun(self) -> Line:
        """Only who joins listens: a group that everybody has left must not come to life again."""
        if self._line is None:
            run, source = self._run, self._run.source
            line = await self._hub.reader.listen(run.tenant_id, source.topic, run.key, self)
            assert line.position is not None  # noqa: S101 (it has begun)
            self.floor = line.position
            self._line, self._cursors = line, line.cursors
        return self._line

    def _cursors_known(self) -> Cursors:
        assert self._cursors is not None  # noqa: S101 (the line has begun)
        return self._cursors

    async def _place(self, line: Line, after: int | None) -> "_Place":
        """Where to go on; behind a gap, if what came after the position can't be had."""
        if after is None:
            return _Place(self.head, self.position)
        if after > self.position and after > await self._head():
            return _Place(self.head, self.position, gap=True)  # the history itself was set back
        while after < (floor := self.floor):
            items = await self._hub.reader.replay(line, self._run.key, after, floor)
            if items is None or len(items) + len(self.frames) > RING:
                return _Place(self.head, self.position, gap=True)
            older = await self._encoded(items)
            size = _size(older)
            if self._size + size > 2 * RING_CHARACTERS:
                return _Place(self.head, self.position, gap=True)
            if self.floor == floor:  # else something was lost or cut off meanwhile: look again
                self.frames[:0] = older
                self.base -= len(older)
                self._size += size
                self.floor = after
        number = self.base + bisect_right(self.frames, after, key=lambda frame: frame.position)
        return _Place(number, after)

    async def _head(self) -> int:
        async with unit_of_work(self._run.tenant_id):
            return await head()

    def leave(self, operation: "Operation") -> None:
        """The operation is gone; without members the group is."""
        self.members.discard(operation)
        if not self.members:
            self._hub.give_up(self._name, self)
            self._forget()

    def _forget(self) -> None:
        if not self.members:
            run, topic = self._run, self._run.source.topic
            self._hub.reader.forget(run.tenant_id, topic, run.key, self)
            self._line = None
            self._pending.clear()

    def feed(self, items: list[Item]) -> None:
        """Later items; they are encoded in a task, one batch after another."""
        if self._line is None:  # not begun: the floor will be behind them
            return
        self._pending += items
        if self._pump is None:
            self._pump = self._hub.tasks.start(self._encode())

    def lose(self, position: int) -> None:
        """Items up to the position were missed: every member passes a gap.

        The numbers leave room for older frames that are put in front for who comes back: those
        must not take the numbers of members who have the gap before them.
        """
        if self._line is None:
            return
        self.floor, self.base = max(position, self.position), self.head + RING + 1
        self.frames.clear()
        self._size = 0
        self._pending = [item for item in self._pending if item.position > self.floor]
        self._tell()

    async def mark(self, position: int, *, gap: bool) -> str:
        """An update without a change; the same for all who need it at this position."""
        mark = self._mark
        if mark is None or (mark.position, mark.gap) != (position, gap):
            told = Told(position, self._cursors_known().told(position), gap)
            (frame,) = await self._run.encoded([told])
            mark = self._mark = Mark(position, gap, frame[1])
        return mark.text

    async def _encoded(self, items: Sequence[Item]) -> list[Frame]:
        """In short runs: others get their turn between them. Without members it stops."""
        cursors, frames = self._cursors_known(), list[Frame]()
        for start in range(0, len(items), RUN):
            if not self.members:
                break
            told = [Told(i.position, cursors.told(i.position), item=i)
                    for i in items[start : start + RUN]]  # fmt: skip
            frames += [Frame(*frame) for frame in await self._run.encoded(told)]
            await asyncio.sleep(0)
        return frames

    async def _encode(self) -> None:
        batch: list[Item] = []
        try:
            while self._pending and self.members:
                batch, self._pending = self._pending, []
                later = await self._encoded(batch)
                kept = [frame for frame in later if frame.position > self.floor]  # not yet lost
                self.frames += kept
                self._size += _size(kept)
                self._cut()
                self._tell()
        except Refused as refused:  # the rights no longer hold
            for operation in list(self.members):
                operation.fail(refused.errors)
        except Exception:
            log.exception("live updates can't be encoded")
            self.lose(batch[-1].position)
        finally:
            self._pump = None
            if self._pending and self.members:
                self.feed([])

    def _cut(self) -> None:
        """Keeps the ring small: now and then the older half goes."""
        if len(self.frames) <= 2 * RING and self._size <= 2 * RING_CHARACTERS:
            return
        kept = size = 0
        for frame in reversed(self.frames[-RING:]):
            if kept and size + len(frame.text) > RING_CHARACTERS:
                break
            kept, size = kept + 1, size + len(frame.text)
        gone = len(self.frames) - kept
        if gone:
            self.floor = self.frames[gone - 1].position
            self.base += gone
            self._size = size
            del self.frames[:gone]

    async def part(self) -> None:
        """Tells members who have heard everything where the history stands, since the process ends.

        Who heard nothing for long would otherwise come back with an old position.
        """
        line = self._line
        if line is None or line.position is None or self._pending or self._pump is not None:
            return
        position = line.position
        if any(operation.lacks(position) for operation in self.members):
            text = await self.mark(position, gap=False)
            for operation in list(self.members):
                if operation.lacks(position):  # it may have been told more meanwhile
                    operation.stand(text, position)

    def _tell(self) -> None:
        for operation in self.members:
            operation.tell()
