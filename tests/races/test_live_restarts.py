"""Web processes are killed and Redis is wiped while points move: nothing is missed, nothing doubled."""

import asyncio
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest
from tests.support.history import History, contradictions, find, move_key, summary
from tests.support.moving import move
from tests.support.processes import Process, own_redis, processes
from tests.support.scratch import connection_to
from tests.support.shop import Shop
from tests.support.sockets import client_of
from tests.support.waiting import free_port
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from shuke_core.runtime import Runtime

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHONES = ("138 0013 8000", "139 0013 9000", "137 0013 7000")
CLIENTS = 6
_GONE = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError, EOFError)


class Listener:
    """A client that always comes back, with the last cursor it was told."""

    def __init__(self, name: str, address: str, headers: dict[str, str]) -> None:
        self.name, self.address, self.headers = name, address, headers
        self.heard: list[str] = []
        self.gaps = self.connections = 0
        self.cursor: str | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            with suppress(*_GONE):
                async with client_of(self.address, self.headers) as client:
                    self._note(await client.subscribe(after=self.cursor))
                    self.connections += 1
                    while True:
                        self._note(await client.update(seconds=60))
            await asyncio.sleep(0.05)

    def _note(self, update: dict[str, object]) -> None:
        self.cursor = str(update["cursor"])
        self.gaps += bool(update["gap"])
        change = update["change"]
        if isinstance(change, dict):
            self.heard.append(move_key(self.name, change["points"]))


@dataclass
class Run:
    """How it went: what was asked for and heard, and what contradicts it."""

    history: History
    listeners: list[Listener]
    said: list[str]
    log: str


async def _restarts(
    runtime: Runtime, shop: Shop, folder: Path, restarts: int, bends: str = ""
) -> Run:
    """Points move while web processes are killed, workers now and then, and Redis is wiped."""
    history = History()
    headers = [await shop.login(phone) for phone in PHONES]
    members: list[UUID] = [await shop.member(phone) for phone in PHONES]
    port = free_port()
    address = f"ws://127.0.0.1:{port}/t/{shop.slug}/member/graphql"
    listeners = [
        Listener(f"client {n}", address, headers[n % len(headers)]) for n in range(CLIENTS)
    ]
    async with own_redis(runtime) as (url, redis):
        web = Process(runtime, url, folder / "web.log", "serve", "--port", str(port), bends=bends)
        worker = Process(runtime, url, folder / "worker.log", "worker")
        with processes(web, worker):
            hearing = [asyncio.create_task(each.run()) for each in listeners]
            async with asyncio.timeout(60):
                while not all(each.cursor for each in listeners):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            stop = asyncio.Event()

            async def produce() -> None:
                number = 0
                while not stop.is_set():
                    number += 1
                    whose = number % len(members)
                    theirs = [e.name for e in listeners if e.headers is headers[whose]]
                    with history.moving(theirs, number):
                        await move(shop, members[whose], [number], publish=False)
                    await asyncio.sleep(0.01)

            producing = asyncio.create_task(produce())
            for restart in range(restarts):
                await asyncio.sleep(0.5 + secrets.randbelow(1000) / 1000)
                web.kill()
                await redis.flushdb()
                if restart % 3 == 2:
                    worker.restart()
                web.restart()
                known = [each.connections for each in listeners]
                async with asyncio.timeout(60):
                    while any(  # noqa: ASYNC110
                        e.connections <= n for e, n in zip(listeners, known, strict=True)
                    ):
                        await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
            stop.set()
            await producing
            await _heard(history, listeners, 10 if bends else 30)
            for task in hearing:
                task.cancel()
            await asyncio.gather(*hearing, return_exceptions=True)
    await shop.work("relay")  # what no process has come to
    async with connection_to(runtime.places.app_dsn) as db:
        found = await find(db, shop.tenant_id, await shop.verified())
    found = replace(found, heard={each.name: each.heard for each in listeners})
    said = contradictions(history, found)
    return Run(history, listeners, said, (folder / "web.log").read_text())


async def _heard(history: History, listeners: list[Listener], seconds: float) -> None:
    """Until as much was heard as there is, or the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while sum(len(e.heard) for e in listeners) < len(history.acts):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_nothing_is_missed_and_nothing_doubled(
    runtime: Runtime, shop: Shop, soak: bool, tmp_path: Path
) -> None:
    restarts = 20 if soak else 3
    run = await _restarts(runtime, shop, tmp_path, restarts)
    sys.stdout.write(
        f"{restarts} restarts, {summary(run.history, run.said)}, "
        f"{sum(each.connections for each in run.listeners)} connections, "
        f"{sum(each.gaps for each in run.listeners)} gaps\n"
    )
    assert run.said == []
    assert len(run.history.acts) > 100
    for each in run.listeners:
        assert each.gaps == 0
        assert each.connections > restarts
    assert "Traceback" not in run.log, run.log


@pytest.mark.parametrize(
    ("bent", "finding"),
    [("skips_when_resuming", "(acknowledged) is lost"), ("resumes_too_early", "is there 2 times")],
)
async def test_a_broken_resume_is_found(
    bent: str, finding: str, runtime: Runtime, shop: Shop, tmp_path: Path
) -> None:
    run = await _restarts(runtime, shop, tmp_path, 2, bent)
    assert any(finding in said for said in run.said), summary(run.history, run.said)
