"""The limit of the row `live`: a bare Starlette WebSocket that sends prebuilt texts of a Redis stream.

`python -m benchmarks.bare_live REDIS_URL STREAM PORT`. No GraphQL, no login, no resume, no bounds.
An item is decoded once and its text put together once; a socket hears all items, or those of the key
that it opened its socket with.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

ALL = "all"


def app_of(redis_url: str, stream: str) -> Starlette:
    """The app; its reader runs as long as it does."""
    redis = Redis.from_url(redis_url)
    queues: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)

    async def read() -> None:
        last = b"$"
        while True:
            found = await redis.xread({stream: last}, count=500, block=1000)
            for _, entries in found:
                for last, fields in entries:  # noqa: B007 (the last one is where it goes on)
                    text = fields[b"text"].decode()
                    for queue in (*queues[ALL], *queues[fields[b"k"].decode()]):
                        queue.put_nowait(text)

    @asynccontextmanager
    async def reading(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(read())
        yield
        task.cancel()

    async def serve(socket: WebSocket) -> None:
        await socket.accept(subprotocol="graphql-transport-ws")
        await socket.receive_text()
        await socket.send_text('{"type":"connection_ack"}')
        await socket.receive_text()
        queue: asyncio.Queue[str] = asyncio.Queue()
        await socket.send_text("{}")
        key = socket.query_params.get("key", ALL)
        queues[key].add(queue)

        async def send() -> None:
            while True:
                await socket.send_text(await queue.get())

        sending = asyncio.create_task(send())
        try:
            with suppress(WebSocketDisconnect):
                while True:
                    await socket.receive_text()
        finally:
            sending.cancel()
            queues[key].discard(queue)

    async def healthz(_: Request) -> PlainTextResponse:
        return PlainTextResponse("up")

    return Starlette(
        routes=[Route("/healthz", healthz), WebSocketRoute("/", serve)], lifespan=reading
    )


if __name__ == "__main__":
    _, url, name, port = sys.argv
    uvicorn.run(
        app_of(url, name),
        port=int(port),
        log_level="error",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
