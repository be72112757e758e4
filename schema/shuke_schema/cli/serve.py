"""`shuke serve`: the web process."""

import asyncio
import gc
import logging
import os
import signal
import socket
from types import FrameType

import click
import uvicorn

from shuke_core.live.streams import Streams
from shuke_core.runtime import Runtime
from shuke_core.settings import current_settings
from shuke_core.worker.arq_bridge import ArqWaker
from shuke_core.worker.wake import use_waker
from shuke_schema.asgi import create_app
from shuke_schema.cli.exporter import telling_metrics
from shuke_schema.cli.failures import PortInUse
from shuke_schema.cli.run import in_runtime
from shuke_schema.http.rates import Rates
from shuke_schema.http.readiness import Presence
from shuke_schema.live.hub import Hub
from shuke_schema.live.limits import FRAME_BYTES, LiveLimits
from shuke_schema.live.server_log import quiet_handshakes

_LAST_WORDS_SECONDS = 0.25
_SEND_BUFFER = 256 * 1024
_UNREAD_MILLISECONDS = 30_000


def _bound_unread(listener: socket.socket) -> None:
    """What a client does not read lies in the kernel first: little of it, and not for ever. Whoever
    connects inherits it from the listener."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _bound_unread(listener)
    try:
        listener.bind((host, port))
    except OSError as fault:
        listener.close()
        raise PortInUse(
            f"Can't listen on {host}:{port} ({fault.strerror}). Stop what listens there, or choose "
            "another with --port or SHUKE_PORT."
        ) from None
    return listener


def _inherited(number: int) -> socket.socket:
    """A socket that whoever started us listens on: connections wait in it while we restart."""
    try:
        listener = socket.socket(fileno=os.dup(number))
    except OSError as fault:
        raise PortInUse(f"File {number} is no socket ({fault.strerror}).") from None
    _bound_unread(listener)
    return listener


class _Server(uvicorn.Server):
    """uvicorn, leaving in order: SIGTERM takes us out of the proxy's list first, Ctrl-C does not
    wait for it, and a second signal ends the waiting."""

    def __init__(
        self, config: uvicorn.Config, presence: Presence, hub: Hub, drain_seconds: float
    ) -> None:
        super().__init__(config)
        self._hub = hub
        self._presence, self._drain_seconds = presence, drain_seconds
        self._leaving: asyncio.Task[None] | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops accepting; whoever has just connected gets a moment to ask, and is answered. Then
        the hub tells sockets where they stand and closes them with 1012, so that their clients come
        back to another process. uvicorn closes what is left, and waits for requests under way."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(_LAST_WORDS_SECONDS)
        await self._hub.part()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._presence.is_leaving:
            super().handle_exit(sig, frame)
            return
        self._presence.is_leaving = True
        drain = self._drain_seconds if sig == signal.SIGTERM else 0.0
        self._loop.call_soon_threadsafe(self._start_leaving, sig, drain)

    def _start_leaving(self, sig: int, drain: float) -> None:
        self._leaving = self._loop.create_task(self._leave(sig, drain))

    async def _leave(self, sig: int, drain: float) -> None:
        try:
            await asyncio.sleep(drain)
        finally:
            super().handle_exit(sig, None)


async def _serve(runtime: Runtime, listener: socket.socket, host: str) -> None:
    settings = runtime.settings
    waker = ArqWaker(runtime.places.redis_url)
    use_waker(waker)
    rates, presence = Rates(runtime.places.redis_url), Presence()
    streams = Streams(runtime.places.redis_url)
    hub = Hub(streams, rates, LiveLimits(sockets=settings.live_sockets))
    logging.getLogger("uvicorn.error").addFilter(quiet_handshakes)
    server = _Server(
        uvicorn.Config(
            create_app(settings, rates, presence, host, hub),
            log_config=None,  # its lines go where ours go
            log_level=settings.log_level,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=10,
            ws="websockets-sansio",
            ws_max_size=FRAME_BYTES,
            ws_per_message_deflate=False,  # it would compress once a socket, what is encoded once
        ),
        presence,
        hub,
        settings.drain_seconds,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops by its own handlers and then raises the signal once more: by then we are
        # leaving already, and what is left to close must be closed.
        signal.signal(number, lambda *_: None)
    gc.collect()
    gc.freeze()  # what is loaded now lives as long as the process: the collector need not look
    try:
        async with telling_metrics(settings), streams, hub.running():
            await server.serve(sockets=[listener])
    finally:
        use_waker(None)
        await waker.close()
        await rates.close()


@click.command()
@click.option("--host", help="Address to listen on.  [default: SHUKE_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: SHUKE_PORT or 8200]")
@click.option("--fd", type=click.IntRange(3), help="An open, listening socket; instead of a port.")
def serve(host: str | None, port: int | None, fd: int | None) -> None:
    """Serve the GraphQL API and the webhooks.

    Start as many as there are cores, behind one address. Runs until SIGTERM or Ctrl-C: after
    SIGTERM it says not to be ready for SHUKE_DRAIN_SECONDS, then finishes what it has.
    """
    settings = current_settings()
    address = host or settings.host
    listener = _inherited(fd) if fd else _listen(address, port or settings.port)
    in_runtime(lambda runtime: _serve(runtime, listener, "" if fd else address))
