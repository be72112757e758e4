"""An operation: one subscription of one socket, and its place in the ring of its group."""

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from shuke_schema.live.groups import Group
from shuke_schema.live.protocol import Message

if TYPE_CHECKING:
    from shuke_schema.live.sockets import LiveSocket


class Operation:
    """It holds positions, never updates. `asked` is kept so that it can move to another group."""

    __slots__ = ("_head", "_number", "_opening", "_passed", "asked", "group", "queued",
                 "schema", "socket", "task")  # fmt: skip

    def __init__(self, socket: "LiveSocket", asked: Message) -> None:
        self.socket, self.asked = socket, asked
        self.group: Group | None = None
        self.schema: object = None  # that it was admitted by; None: not asked for yet
        self.task: asyncio.Task[None] | None = None
        self.queued = False
        self._head = f'{{"id":{orjson.dumps(asked.id).decode()},"type":"next","payload":'
        self._opening: str | None = None
        self._number: int | None = None  # of the frame to be sent next; None: not begun
        self._passed = 0  # the position behind which everything was sent

    @property
    def id(self) -> str:
        """The client's name of it."""
        return self.asked.id

    @property
    def passed(self) -> int | None:
        """The position up to which the client has been told; None before it has begun."""
        return None if self._number is None else self._passed

    def begin(self, opening: str, number: int, passed: int) -> None:
        """Starts with the frame of that number, behind the position; `opening` is sent first."""
        self._opening, self._number, self._passed = opening, number, passed
        self.socket.notify(self)

    def tell(self) -> None:
        """There may be something to send."""
        if self._number is not None:
            self.socket.notify(self)

    def fail(self, errors: list[dict[str, Any]]) -> None:
        """Ends with errors."""
        self.socket.fail(self, errors)

    def take(self) -> str | None:
        """What is to be sent next; None when the client is level with the group, or fell out of its
        ring: then `is_behind`. Called for every frame of every socket, so it awaits nothing."""
        group, number = self.group, self._number
        if group is None or number is None:
            return None
        if (opening := self._opening) is not None:
            self._opening = None
            return self._head + opening
        frames, index = group.frames, number - group.base
        if index < 0:
            return None
        while index < len(frames):
            frame = frames[index]
            index += 1
            if frame.position > self._passed:
                self._number, self._passed = group.base + index, frame.position
                return self._head + frame.text
        self._number = group.base + index
        return None

    @property
    def is_behind(self) -> bool:
        """Whether the ring has passed the client by."""
        return (
            self.group is not None and self._number is not None and self._number < self.group.base
        )

    def lacks(self, position: int) -> bool:
        """Whether all was sent that there is for the client, and it knows of an older position."""
        return (
            self.group is not None
            and self._opening is None
            and self._number == self.group.head
            and self._passed < position
        )

    def stand(self, text: str, position: int) -> None:
        """Sends an update without a change, for a client that lacks nothing but the position."""
        assert self._number is not None  # noqa: S101 (it lacks the position)
        self.begin(text, self._number, position)

    async def over_gap(self) -> None:
        """Goes on at the head of the group; what is taken next tells the gap."""
        group = self.group
        assert group is not None  # noqa: S101 (it is behind)
        number, position = group.head, group.position
        text = await group.mark(position, gap=True)
        self.begin(text, number, max(position, self._passed))
