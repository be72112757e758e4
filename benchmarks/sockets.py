"""The load client of sockets: many of them in one process, which only count the frames that come."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import orjson

from shuke_schema.demo.processes import HOST

_OPENED = b"\r\n\r\n"
_AT_ONCE = 100  # handshakes


def frame(message: Any) -> bytes:
    """A masked text frame (the mask is zeros)."""
    payload = orjson.dumps(message)
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, 0x80 | len(payload)) + bytes(4) + payload
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(payload)) + bytes(4) + payload


class Counting(asyncio.Protocol):
    """One socket. `counted` is how many text frames have come; `last` is the text of the latest."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.counted = 0
        self.last = b""
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._told = told
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self.is_open:
            head, found, buffer = buffer.partition(_OPENED)
            if not found:
                self._buffer = head
                return
            assert b" 101 " in head[:20], head[:80]
            self.is_open = True
        at, end = 0, len(buffer)
        while end - at >= 2:
            opcode, length, start = buffer[at] & 0x0F, buffer[at + 1], at + 2
            if length == 126:
                if end - at < 4:
                    break
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if start + length > end:
                break
            if opcode == 1:
                self.counted += 1
                self.last = buffer[start : start + length]
            elif opcode == 9:
                self.write(bytes((0x8A, 0x80 | length)) + bytes(4) + buffer[start : start + length])
            at = start + length
        self._buffer = buffer[at:]
        self._told()

    def write(self, data: bytes) -> None:
        """Puts bytes on the wire."""
        if self.transport is not None:
            self.transport.write(data)


class Crowd:
    """Open sockets, subscribed; counts what all of them have heard since."""

    def __init__(self, port: int) -> None:
        self.sockets: list[Counting] = []
        self._port = port
        self._changed = asyncio.Event()

    @property
    def counted(self) -> int:
        """Frames of all sockets so far."""
        return sum(socket.counted for socket in self.sockets)

    async def until(self, frames: int, seconds: float = 60.0) -> None:
        """Waits until so many frames have come in all."""
        async with asyncio.timeout(seconds):
            while self.counted < frames:
                self._changed.clear()
                await self._changed.wait()
                await asyncio.sleep(0.002)  # counting is not what is measured

    async def open(self, path: str, messages: Sequence[bytes]) -> None:
        """One more socket: it says the messages, each after the answer to the one before."""
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: Counting(self._changed.set), HOST, self._port
        )
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{self._port}", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: graphql-transport-ws"]
        socket.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(60):
            while not socket.is_open:  # noqa: ASYNC110 (what is looked at comes every few ms)
                await asyncio.sleep(0.005)
            for answers, message in enumerate(messages, start=1):
                socket.write(message)
                while socket.counted < answers:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        self.sockets.append(socket)

    def close(self) -> None:
        """All hang up."""
        for socket in self.sockets:
            if socket.transport is not None:
                socket.transport.abort()


@asynccontextmanager
async def crowd(
    port: int, paths: Sequence[str], messages: Sequence[Sequence[bytes]]
) -> AsyncIterator[Crowd]:
    """A socket for each path, a hundred handshakes at once."""
    gathered = Crowd(port)
    try:
        for start in range(0, len(paths), _AT_ONCE):
            chosen = slice(start, start + _AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for path, said in zip(paths[chosen], messages[chosen], strict=True):
                    group.create_task(gathered.open(path, said))
        yield gathered
    finally:
        gathered.close()
