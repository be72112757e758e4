"""`shuke serve`: the web process."""

import gc
import signal
import socket

import click
import uvicorn

from shuke_core.runtime import Runtime
from shuke_core.settings import current_settings
from shuke_core.worker.arq_bridge import ArqWaker
from shuke_core.worker.wake import use_waker
from shuke_schema.asgi import create_app
from shuke_schema.cli.failures import PortInUse
from shuke_schema.cli.run import in_runtime
from shuke_schema.http.rates import Rates


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as fault:
        listener.close()
        raise PortInUse(
            f"Can't listen on {host}:{port} ({fault.strerror}). Stop what listens there, or choose "
            "another with --port or SHUKE_PORT."
        ) from None
    return listener


async def _serve(runtime: Runtime, listener: socket.socket) -> None:
    waker = ArqWaker(runtime.places.redis_url)
    use_waker(waker)
    rates = Rates(runtime.places.redis_url)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(runtime.settings, rates),
            log_level=runtime.settings.log_level,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=10,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops by its own handlers and then raises the signal once more: by then we are
        # leaving already, and what is left to close must be closed.
        signal.signal(number, lambda *_: None)
    gc.collect()
    gc.freeze()  # what is loaded now lives as long as the process: the collector need not look
    try:
        await server.serve(sockets=[listener])
    finally:
        use_waker(None)
        await waker.close()
        await rates.close()


@click.command()
@click.option("--host", help="Address to listen on.  [default: SHUKE_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: SHUKE_PORT or 8200]")
def serve(host: str | None, port: int | None) -> None:
    """Serve the GraphQL API and the webhooks.

    Start as many as there are cores, behind one address. Runs until SIGTERM or Ctrl-C.
    """
    settings = current_settings()
    listener = _listen(host or settings.host, port or settings.port)
    in_runtime(lambda runtime: _serve(runtime, listener))
