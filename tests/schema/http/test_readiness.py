"""`/readyz` says whether requests should be sent here, in time, and why not; Redis is only told of."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from tests.support.shop import Shop

from shuke_core import readiness
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_schema.asgi import create_app
from shuke_schema.http.rates import Rates
from shuke_schema.http.readiness import Presence


@pytest_asyncio.fixture
async def rates(runtime: Runtime) -> AsyncIterator[Rates]:
    rates = Rates(runtime.places.redis_url)
    yield rates
    await rates.close()


async def _ask(
    rates: Rates | None = None, presence: Presence | None = None, path: str = "/readyz"
) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(None, rates, presence))
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7") as probe:
        return await probe.get(path)


async def test_a_process_with_database_and_redis_is_ready(rates: Rates) -> None:
    answer = await _ask(rates)
    assert (answer.status_code, answer.json()) == (
        200,
        {"state": "ready", "reasons": [], "redis": "up"},
    )


@pytest.mark.usefixtures("runtime")
async def test_without_redis_it_is_ready_all_the_same() -> None:
    lost = Rates("unix:///nowhere/nobody.sock")
    answer = await _ask(lost)
    await lost.close()
    assert (answer.status_code, answer.json()["redis"]) == (200, "away")


async def test_when_all_connections_are_busy_it_is_not_ready_and_says_so_in_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, let_go = 0, asyncio.Event()

    async def hold() -> None:
        nonlocal held
        async with unit_of_work(shop.tenant_id):
            held += 1
            await let_go.wait()

    holders = [asyncio.create_task(hold()) for _ in range(16)]
    while held < 16:  # noqa: ASYNC110 (it counts to sixteen)
        await asyncio.sleep(0.01)
    monkeypatch.setattr(readiness, "DEADLINE_SECONDS", 0.2)
    start = asyncio.get_running_loop().time()
    answer = await _ask()
    took = asyncio.get_running_loop().time() - start
    let_go.set()
    await asyncio.gather(*holders)
    assert (answer.status_code, answer.json()["reasons"]) == (
        503,
        ["the database does not answer within 0.2 s"],
    )
    assert took < 5  # and not for as long as they are busy
    assert (await _ask()).status_code == 200


@pytest.mark.usefixtures("runtime")
async def test_an_unmigrated_database_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "brought_along", lambda _: [("core", "9999_to_come")])
    answer = await _ask()
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["1 migrations are missing"])


async def test_a_look_that_hangs_is_not_waited_for_and_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks, thawed = 0, asyncio.Event()

    async def frozen() -> readiness.Readiness:
        nonlocal looks
        looks += 1
        while not thawed.is_set():
            try:
                await thawed.wait()
            except asyncio.CancelledError:
                continue  # as a driver does that waits for the server to confirm
        return readiness.Readiness(())

    monkeypatch.setattr(readiness, "look", frozen)
    monkeypatch.setattr(readiness, "DEADLINE_SECONDS", 0.2)
    shared = readiness.Looks()
    start = asyncio.get_running_loop().time()
    said = await asyncio.gather(*(shared.ready() for _ in range(20)))
    said.append(await shared.ready())
    assert asyncio.get_running_loop().time() - start < 5
    late = ("the database does not answer within 0.2 s",)
    assert ({one.reasons for one in said}, looks) == ({late}, 1)
    thawed.set()
    await asyncio.sleep(0)
    assert ((await shared.ready()).reasons, looks) == ((), 1)


async def test_who_asks_often_costs_one_look_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def counted() -> readiness.Readiness:
        nonlocal looks
        looks += 1
        return readiness.Readiness(())

    monkeypatch.setattr(readiness, "look", counted)
    monkeypatch.setattr(readiness, "SHARED_SECONDS", 0.2)
    shared = readiness.Looks()
    for _ in range(50):
        assert (await shared.ready()).is_ready
    assert looks == 1
    await asyncio.sleep(0.25)
    await shared.ready()
    assert looks == 2


@pytest.mark.usefixtures("runtime")
async def test_who_is_leaving_is_not_ready_and_still_answers() -> None:
    presence = Presence()
    before = await _ask(presence=presence, path="/healthz")
    presence.is_leaving = True
    answer = await _ask(presence=presence)
    assert (answer.status_code, answer.json()) == (503, {"state": "leaving"})
    after = await _ask(presence=presence, path="/healthz")
    assert (after.status_code, after.headers["connection"]) == (200, "close")
    assert "connection" not in before.headers
