"""SIGTERM to a real process: who was silent for long is told where they stand, and has no false gap."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import orjson
import pytest
from tests.support.moving import move
from tests.support.processes import Process, own_redis, processes
from tests.support.shop import Shop
from tests.support.sockets import POINTS, Client, client_of
from tests.support.waiting import free_port
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from shuke_core.live.history import MOST_POSITIONS
from shuke_core.live.publisher import publish_to
from shuke_core.live.streams import Streams
from shuke_core.runtime import Runtime
from shuke_schema.live.protocol import SUBPROTOCOL, Code

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PHONE, OTHER = "138 0013 8000", "139 0013 9000"
BATCH = 1_000
UNREAD = 20  # batches of updates: more than the kernel holds for a client that does not read


@dataclass
class Served:
    """A web process, and whom it serves."""

    web: Process
    address: str
    log: Path

    async def is_up(self, headers: dict[str, str]) -> None:
        """Returns when it lets somebody in."""
        async with asyncio.timeout(60):
            while True:
                try:
                    async with client_of(self.address, headers):
                        return
                except (ConnectionClosed, InvalidHandshake, OSError):
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def _served(runtime: Runtime, shop: Shop, folder: Path) -> AsyncIterator[Served]:
    """A web process; `move` publishes for it."""
    port, log = free_port(), folder / "web.log"
    async with own_redis(runtime) as (url, _), Streams(url) as streams:
        web = Process(runtime, url, log, "serve", "--port", str(port))
        publish_to(streams)
        try:
            with processes(web):
                yield Served(web, f"ws://127.0.0.1:{port}/t/{shop.slug}/member/graphql", log)
        finally:
            publish_to(None)
    assert "Traceback" not in log.read_text()


async def _heard(client: Client, number: int) -> None:
    """Returns when it was told of this one, past gaps."""
    async with asyncio.timeout(30):
        while (change := (await client.update(seconds=20))["change"]) is None or (
            change["points"] != number
        ):
            pass


async def test_a_silent_client_resumes_without_a_gap_after_twenty_thousand_positions(
    runtime: Runtime, shop: Shop, tmp_path: Path
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    others, other_id = await shop.login(OTHER), await shop.member(OTHER)
    async with _served(runtime, shop, tmp_path) as served:
        await served.is_up(headers)
        async with client_of(served.address, headers) as silent:
            first = await silent.subscribe()
            async with client_of(served.address, others) as other:
                await other.subscribe()
                for start in range(0, MOST_POSITIONS + 1, BATCH):
                    await move(shop, other_id, range(start + 1, start + BATCH + 1))
                    await _heard(other, start + BATCH)
            served.web.stop()
            (last,), code = await silent.last_words(20)
        assert (last["gap"], last["change"], code) == (False, None, Code.RESTART)
        assert await asyncio.to_thread(served.web.ended) == 0
        served.web.start()
        await served.is_up(headers)
        async with client_of(served.address, headers) as client:
            assert (await client.subscribe(after=first["cursor"]))["gap"] is True
        async with client_of(served.address, headers) as client:
            assert (await client.subscribe(after=last["cursor"]))["gap"] is False
            await move(shop, member_id, [77])
            assert (await client.update(seconds=20))["change"]["points"] == 77


@asynccontextmanager
async def _deaf(address: str, headers: dict[str, str]) -> AsyncIterator[None]:
    """A client that subscribes and reads no more."""
    host, _, port = address.removeprefix("ws://").partition("/")[0].partition(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        connection = await connect(
            address, sock=raw, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None,
            max_queue=1, ping_interval=None, proxy=None,
        )  # fmt: skip
        await connection.send(
            orjson.dumps({"type": "connection_init", "payload": headers}).decode()
        )
        await connection.recv()
        asked = {"id": "1", "type": "subscribe", "payload": {"query": POINTS}}
        await connection.send(orjson.dumps(asked).decode())
        await connection.recv()
        try:
            yield
        finally:
            connection.transport.abort()


async def test_a_client_that_does_not_read_holds_up_neither_the_others_nor_the_end(
    runtime: Runtime, shop: Shop, tmp_path: Path
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with _served(runtime, shop, tmp_path) as served:
        await served.is_up(headers)
        async with (
            _deaf(served.address, headers),
            client_of(served.address, headers) as quick,
            client_of(served.address, await shop.login(OTHER)) as silent,
        ):
            await quick.subscribe()
            await silent.subscribe()
            for start in range(0, UNREAD * BATCH, BATCH):
                await move(shop, member_id, range(start + 1, start + BATCH + 1))
                await _heard(quick, start + BATCH)
            served.web.stop()
            start_at = monotonic()
            (last,), code = await silent.last_words(20)
            assert (last["gap"], last["change"], code) == (False, None, Code.RESTART)
            assert (
                monotonic() - start_at < 8
            )  # a second of drain is among it, and uvicorn would wait ten
            assert await asyncio.to_thread(served.web.ended) == 0
            assert monotonic() - start_at < 20  # uvicorn waits ten seconds for who does not read
