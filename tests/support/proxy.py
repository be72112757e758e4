"""A tiny proxy: each connection goes to a process that is ready, as a load balancer would choose."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

import httpx

_LOOK_SECONDS = 0.1


class Proxy:
    """Asks `/readyz` ten times a second, and pipes bytes."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self.ready: list[int] = []
        self._turn = count()
        self._pipes: set[asyncio.Task[None]] = set()

    async def look(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            while True:
                ready = []
                for port in self._ports:
                    with suppress(httpx.TransportError):
                        if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                            ready.append(port)
                self.ready = ready
                await asyncio.sleep(_LOOK_SECONDS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            port = self.ready[next(self._turn) % len(self.ready)]
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pipe(reader, back_writer), _pipe(back_reader, writer))
        except (OSError, ZeroDivisionError):
            pass  # the client sees a closed connection: a failure, which the test counts
        finally:
            writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def a_proxy(ports: Sequence[int]) -> AsyncIterator[tuple[Proxy, str]]:
    """The proxy and its address, once every process is ready."""
    proxy = Proxy(ports)
    looking = asyncio.create_task(proxy.look())
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        async with asyncio.timeout(30):
            while len(proxy.ready) < len(ports):  # noqa: ASYNC110 (it counts)
                await asyncio.sleep(_LOOK_SECONDS)
        try:
            yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            looking.cancel()
