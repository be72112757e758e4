"""Processes leave in order: a restart of one of two is seen by no client, a worker leaves no lease."""

import asyncio
import random
import socket
from time import monotonic

import httpx
import pytest
from tests.faults.fault_run import booked, drained, judged
from tests.support.fleet import Program, a_fleet, free_port, web, worker
from tests.support.proxy import a_proxy
from tests.support.recording_till import RecordingTill

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def _requests(url: str, stop: asyncio.Event) -> list[str]:
    """One request after another, each on a connection of its own; what went wrong with them."""
    wrong, limits = [], httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(trust_env=False, timeout=10, limits=limits) as http:
        while not stop.is_set():
            try:
                answer = await http.post(
                    f"{url}/t/fleet/member/graphql", json={"query": "{ __typename }"}
                )
                if answer.status_code != 200:
                    wrong.append(f"{answer.status_code} {answer.text}")
            except httpx.HTTPError as fault:
                wrong.append(repr(fault))
    return wrong


async def test_a_rolling_restart_behind_a_proxy_fails_no_request() -> None:
    programs = {name: web(free_port()) for name in ("web-1", "web-2")}
    with a_fleet(programs) as fleet:
        for name in programs:
            fleet.start(name)
        ports = [program.port for program in programs.values() if program.port]
        async with a_proxy(ports) as (proxy, url):
            stop = asyncio.Event()
            clients = [asyncio.create_task(_requests(url, stop)) for _ in range(4)]
            for name in programs:
                await asyncio.sleep(0.5)
                assert await asyncio.to_thread(fleet.stop, name) == 0
                fleet.start(name)
                async with asyncio.timeout(30):
                    while len(proxy.ready) < 2:  # noqa: ASYNC110 (it counts)
                        await asyncio.sleep(0.05)
            stop.set()
            assert [wrong for client in clients for wrong in await client] == []


async def test_without_the_drain_the_proxy_sends_requests_into_the_void() -> None:
    programs = {name: web(free_port(), SHUKE_DRAIN_SECONDS="0") for name in ("web-1", "web-2")}
    with a_fleet(programs) as fleet:
        for name in programs:
            fleet.start(name)
        ports = [program.port for program in programs.values() if program.port]
        async with a_proxy(ports) as (_, url):
            for _ in range(5):  # whether a request meets the gap is chance
                stop = asyncio.Event()
                clients = [asyncio.create_task(_requests(url, stop)) for _ in range(4)]
                await asyncio.sleep(0.5)
                assert await asyncio.to_thread(fleet.stop, "web-1") == 0
                await asyncio.sleep(0.5)
                stop.set()
                if wrong := [each for client in clients for each in await client]:
                    break
                fleet.start("web-1")
                await fleet.is_up()  # who is stopped while it still starts just dies
            assert wrong != []


async def test_with_a_socket_that_is_handed_down_requests_wait_while_the_only_process_restarts() -> (
    None
):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port, fd = listener.getsockname()[1], listener.fileno()
        served = Program(
            ("serve", "--fd", str(fd)), port=port, settings={"SHUKE_DRAIN_SECONDS": "0"}, held=(fd,)
        )
        with a_fleet({"web": served}) as fleet:
            fleet.start("web")
            await fleet.is_up()
            stop = asyncio.Event()
            clients = [
                asyncio.create_task(_requests(f"http://127.0.0.1:{port}", stop)) for _ in range(3)
            ]
            await asyncio.sleep(0.5)
            assert await asyncio.to_thread(fleet.stop, "web") == 0
            fleet.start("web")
            await fleet.is_up()
            await asyncio.sleep(0.5)
            stop.set()
            assert [wrong for client in clients for wrong in await client] == []


async def test_a_worker_that_is_stopped_under_load_leaves_nothing_claimed() -> None:
    programs = {"web": web(free_port()), "worker": worker(SHUKE_LEASE_SECONDS="60")}
    with a_fleet(programs) as fleet:
        fleet.start("web")
        fleet.start("worker")
        await fleet.is_up()
        till = RecordingTill(fleet.web_urls, fleet.slug, fleet.secret, random.Random(3))  # noqa: S311
        stop = asyncio.Event()
        load = [asyncio.create_task(till.load(stop, pause=0)) for _ in range(4)]
        await asyncio.sleep(2)
        start = monotonic()
        assert await asyncio.to_thread(fleet.stop, "worker") == 0
        assert monotonic() - start < 8
        stop.set()
        await asyncio.gather(*load)
        async with fleet.database() as db, db.transaction():
            await db.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(fleet.tenant_id))
            claimed = await db.fetchval("SELECT count(*) FROM inbox WHERE lease IS NOT NULL")
            waiting = await db.fetchval("SELECT count(*) FROM inbox WHERE state = 'pending'")
        assert (claimed, waiting > 0) == (0, True)
        (last,) = await till.sell()
        fleet.start("worker")  # with a lease of a minute it would wait for what was left claimed
        await booked(fleet, [last.key], 20)
        await till.close()
        await drained(fleet)
        _, said = await judged(fleet, till.history)
        assert said == []
