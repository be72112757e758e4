"""A WebSocket client that does wrong: it writes whatever bytes a probe wants, and reads the close."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TEXT, BINARY, CLOSE, PING = 0x1, 0x2, 0x8, 0x9
CONTINUATION = 0x0
DROPPED = 1006


def frame(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, masked: bool = True, bits: int = 0
) -> bytes:
    """A frame as it goes over the wire, its mask of zeros; `bits` are the reserved ones."""
    first = (0x80 if fin else 0) | bits << 4 | opcode
    mask = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, mask | len(payload))
    elif len(payload) < 65_536:
        head = struct.pack("!BBH", first, mask | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, mask | 127, len(payload))
    return head + (bytes(4) if masked else b"") + payload


class Raw:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def write(self, data: bytes) -> None:
        """Puts bytes on the wire."""
        self._writer.write(data)

    async def read(self) -> tuple[int, bytes]:
        """(opcode, payload) of the server's next frame; (CLOSE, b"") when it hung up."""
        try:
            first, length = await self._reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
            return first & 0x0F, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return CLOSE, b""

    async def close_code(self) -> int:
        """The code that the server closes with."""
        while True:
            opcode, payload = await self.read()
            if opcode == CLOSE:
                return int(struct.unpack("!H", payload[:2])[0]) if len(payload) > 1 else DROPPED


def handshake(port: int, path: str, protocol: str, *headers: str) -> bytes:
    """The bytes of a request to open a socket."""
    lines = [
        f"GET {path} HTTP/1.1",
        *(
            []
            if any(h.lower().startswith("host:") for h in headers)
            else [f"Host: 127.0.0.1:{port}"]
        ),
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def opened(
    port: int, path: str, protocol: str = "graphql-transport-ws", *headers: str
) -> AsyncIterator[tuple[int, Raw]]:
    """(HTTP status, connection): 101 when the socket is open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(handshake(port, path, protocol, *headers))
        answer = await reader.readuntil(b"\r\n\r\n")
        yield int(answer.split(b" ", 2)[1]), Raw(reader, writer)
    finally:
        writer.close()
