"""A socket without a network: the test holds both ends, and may stop reading."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from tests.support.shop import Shop
from tests.support.sockets import Stage

from shuke_schema.live.protocol import SUBPROTOCOL


class MemorySocket:
    """Frames that the app sends lie in `frames`; while `reads` is clear, sending waits."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self._inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbound.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, Any]:
        return await self._inbound.get()

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.frames.put_nowait(message)

    def say(self, message: object) -> None:
        """A message of the client."""
        self._inbound.put_nowait(
            {"type": "websocket.receive", "text": orjson.dumps(message).decode()}
        )

    def hang_up(self) -> None:
        """The client is gone."""
        self._inbound.put_nowait({"type": "websocket.disconnect", "code": 1005})

    async def next(self, seconds: float = 5.0) -> Any:
        """The next message of the server; the close as {"close": code}."""
        async with asyncio.timeout(seconds):
            frame = await self.frames.get()
        if frame["type"] == "websocket.close":
            return {"close": frame["code"]}
        return orjson.loads(frame["text"])

    async def update(self, seconds: float = 5.0) -> dict[str, Any]:
        """The next update."""
        message = await self.next(seconds)
        assert message["type"] == "next", message
        (told,) = message["payload"]["data"].values()
        result: dict[str, Any] = told
        return result


@asynccontextmanager
async def memory_socket(
    stage: Stage, shop: Shop, headers: Mapping[str, str], query: str
) -> AsyncIterator[MemorySocket]:
    """One that has logged in and subscribed; the first update has been read."""
    socket = MemorySocket()
    scope = {
        "type": "websocket",
        "path": f"/t/{shop.slug}/member/graphql",
        "headers": [(b"host", b"shuke")],
        "subprotocols": [SUBPROTOCOL],
        "client": ("127.0.0.1", 1),
    }
    serving: Any = stage.app(scope, socket.receive, socket.send)  # type: ignore[arg-type]
    task: asyncio.Task[None] = asyncio.create_task(serving)
    try:
        assert (await socket.frames.get())["type"] == "websocket.accept"
        socket.say({"type": "connection_init", "payload": dict(headers)})
        assert (await socket.next())["type"] == "connection_ack"
        socket.say({"id": "1", "type": "subscribe", "payload": {"query": query}})
        assert (await socket.update())["gap"] is False
        yield socket
    finally:
        socket.hang_up()
        socket.reads.set()
        await asyncio.wait_for(task, 5)
