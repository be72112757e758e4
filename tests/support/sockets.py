"""Live updates as a client meets them: a real server in this process, and clients over loopback."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from starlette.types import ASGIApp
from tests.support.shop import Shop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from shuke_core.live.publisher import publish_to
from shuke_core.live.streams import Streams
from shuke_core.runtime import Runtime
from shuke_schema.asgi import create_app
from shuke_schema.http.rates import Rates
from shuke_schema.live.hub import Hub
from shuke_schema.live.limits import FRAME_BYTES, LiveLimits
from shuke_schema.live.protocol import SUBPROTOCOL
from shuke_schema.live.server_log import quiet_handshakes

PATIENT_SECONDS = 10.0  # a machine that stalls for a moment is no trouble of Redis
POINTS = (
    "subscription ($after: String) { "
    "pointsChanged(after: $after) { cursor gap change { kind points } } }"
)
ORDERS = (
    "subscription ($after: String) { "
    "ordersChanged(after: $after) { cursor gap change { kind order { no state } } } }"
)


@dataclass
class Stage:
    """A served hub, and what its log has said."""

    port: int
    hub: Hub
    streams: Streams
    server: uvicorn.Server
    app: ASGIApp
    said: list[logging.LogRecord] = field(default_factory=list)

    def address(self, shop: Shop, audience: str = "member") -> str:
        """Where sockets of a tenant are opened."""
        return f"ws://127.0.0.1:{self.port}/t/{shop.slug}/{audience}/graphql"

    @property
    def troubles(self) -> list[str]:
        """What was logged as a warning or worse, or with a traceback."""
        return [
            record.getMessage()
            for record in self.said
            if record.levelno >= logging.WARNING or record.exc_info
        ]

    async def is_empty(self) -> bool:
        """Whether, within two seconds, no group, line or socket is left."""
        for _ in range(100):
            if self.hub.is_empty:
                return True
            await asyncio.sleep(0.02)
        return False


class _Ear(logging.Handler):
    def __init__(self, said: list[logging.LogRecord]) -> None:
        super().__init__()
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record)


@asynccontextmanager
async def open_stage(
    runtime: Runtime, limits: LiveLimits | None = None, port: int = 0
) -> AsyncIterator[Stage]:
    """A server on a loopback port, set up as `shuke serve` does; `shop.work` publishes for it."""
    url = runtime.places.redis_url
    settings = runtime.settings.model_copy(update={"hosts": "127.0.0.1,shuke"})
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    rates = Rates(url, PATIENT_SECONDS)
    said: list[logging.LogRecord] = []
    ear = _Ear(said)
    loggers = [logging.getLogger(name) for name in ("shuke", "uvicorn.error", "asyncio")]
    async with Streams(url) as streams:
        hub = Hub(streams, rates, limits)
        app = create_app(settings, rates, hub=hub)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=FRAME_BYTES,
                ws_per_message_deflate=False,
            )
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        for logger in loggers:
            logger.addHandler(ear)
        loggers[1].addFilter(quiet_handshakes)
        publish_to(streams)
        serving = asyncio.create_task(server._serve([listener]))
        try:
            async with hub.running():
                while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
                    await asyncio.sleep(0.01)
                port = int(listener.getsockname()[1])
                yield Stage(port, hub, streams, server, app, said)
                server.should_exit = True
                await serving
        finally:
            publish_to(None)
            serving.cancel()
            for logger in loggers:
                logger.removeHandler(ear)
            await rates.close()


class Client:
    """One socket of a client. Messages are sent and read as they are."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        """A message, or a frame as it is if it is text or bytes."""
        is_raw = isinstance(message, str | bytes)
        await self.connection.send(message if is_raw else orjson.dumps(message).decode())

    async def read(self, seconds: float = 5.0) -> Any:
        """The next message; raises TimeoutError, ConnectionClosed."""
        async with asyncio.timeout(seconds):
            return orjson.loads(await self.connection.recv())

    async def login(self, headers: Mapping[str, str]) -> None:
        """Says who is there and waits for the acknowledgement."""
        await self.send({"type": "connection_init", "payload": dict(headers)})
        assert await self.read() == {"type": "connection_ack"}

    async def subscribe(
        self, query: str = POINTS, after: str | None = None, name: str = "1"
    ) -> dict[str, Any]:
        """Subscribes and returns the first update, which tells where it stands."""
        variables = {"after": after}
        payload = {"query": query, "variables": variables}
        await self.send({"id": name, "type": "subscribe", "payload": payload})
        return await self.update(name)

    async def update(self, name: str = "1", seconds: float = 5.0) -> dict[str, Any]:
        """The next update of a subscription: what its root field holds."""
        message = await self.read(seconds)
        assert (message["type"], message["id"]) == ("next", name), message
        (told,) = message["payload"]["data"].values()
        result: dict[str, Any] = told
        return result

    async def closed(self, seconds: float = 8.0) -> int:
        """The code that the server closes with; what it says before is read over."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.connection.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    async def last_words(self, seconds: float = 5.0) -> tuple[list[dict[str, Any]], int]:
        """The updates until the server closes, each within so many seconds, and its code."""
        said = []
        try:
            while True:
                said.append(await self.update(seconds=seconds))
        except ConnectionClosed as closed:
            return said, closed.rcvd.code if closed.rcvd else 1006

    async def is_silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.connection.recv()
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def client_of(
    address: str,
    headers: Mapping[str, str] | None = None,
    protocols: tuple[str, ...] = (SUBPROTOCOL,),
    **more: str,
) -> AsyncIterator[Client]:
    """A client; with a member's `headers` it has logged in."""
    async with connect(
        address,
        subprotocols=[Subprotocol(each) for each in protocols] or None,
        additional_headers=more,
        compression=None,
        ping_interval=None,
        close_timeout=1,
        proxy=None,
    ) as connection:
        client = Client(connection)
        if headers is not None:
            await client.login(headers)
        yield client
