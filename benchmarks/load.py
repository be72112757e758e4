"""The load client: keep-alive connections on raw sockets, cheap enough not to be what is measured."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from httptools import HttpResponseParser

from shuke_schema.demo.processes import HOST


class RequestRefused(Exception):
    """The server answered with a status of 400 or more; what it said is in the text."""


@dataclass(slots=True)
class Load:
    """What came back: the seconds that each answer took, and how long all of it lasted."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds


def post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a POST request with a JSON body."""
    lines = [f"POST {path} HTTP/1.1", f"host: {HOST}", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Connection(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._parser = HttpResponseParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), self._body
        self._parser, self._body = HttpResponseParser(self), b""
        if self._answer is None or self._answer.done():
            return
        if status >= 400:
            self._answer.set_exception(RequestRefused(f"{status}: {body[:300]!r}"))
        else:
            self._answer.set_result(body)

    async def ask(self, request: bytes) -> bytes:
        """Sends the request and returns the answer's body; raises RequestRefused."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[Sequence[Connection]]:
    """So many open connections to the port."""
    loop = asyncio.get_running_loop()
    opened: list[Connection] = []
    try:
        for _ in range(count):
            opened.append((await loop.create_connection(Connection, HOST, port))[1])
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def drive(
    port: int, requests: Iterator[bytes], *, clients: int, seconds: float | None = None
) -> Load:
    """Each client sends the next request as soon as it has its answer, until time or requests end."""
    load = Load()
    async with connections(port, clients) as opened:
        start = time.perf_counter()
        until = start + seconds if seconds is not None else float("inf")

        async def client(connection: Connection) -> None:
            for request in requests:
                asked = time.perf_counter()
                await connection.ask(request)
                answered = time.perf_counter()
                load.took.append(answered - asked)
                if answered >= until:
                    return

        await asyncio.gather(*(client(connection) for connection in opened))
        load.seconds = time.perf_counter() - start
    return load


async def pace(port: int, requests: Sequence[bytes], *, every: float) -> None:
    """Sends a request every so many seconds, whether or not the server keeps up with its work."""
    async with connections(port, 1) as (connection,):
        start = time.perf_counter()
        for number, request in enumerate(requests):
            await asyncio.sleep(start + number * every - time.perf_counter())
            await connection.ask(request)
