"""Hostile requests: each refused by its guard, soon, and without holding up the others."""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterator
from math import ceil

import httpx
import pytest
from tests.schema.http.arcade import arcade
from tests.schema.http.hostile import Hostile, corpus
from tests.support.shop import Shop

from shuke_schema.http.limits import MEMBER
from shuke_schema.http.rates import Rates

pytestmark = pytest.mark.slow

MOST_CPU_SECONDS = 0.05
MOST_LAG_SECONDS = 0.1
RUNS = 3
MOST_RUNS = 20  # a machine that others use tells true times now and then


async def _ask(client: httpx.AsyncClient, shop: Shop, hostile: Hostile) -> str:
    answer = await client.post(
        f"/t/{shop.slug}/graphql",
        content=hostile.body,
        headers={
            "content-type": "application/json",
            "accept": "application/graphql-response+json",
        },
    )
    body = answer.json()
    if answer.status_code < 400 or "data" in body:
        return f"answered {answer.status_code}"
    return str(body["errors"][0]["extensions"]["code"])


@pytest.fixture
def frozen_heap() -> Iterator[None]:
    """As `shuke serve` does: the collector leaves alone what lives as long as the process."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _slow(cpu: dict[str, float]) -> dict[str, float]:
    return {name: seconds for name, seconds in cpu.items() if seconds >= MOST_CPU_SECONDS}


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[ceil(len(seconds) * 0.99) - 1]


async def _lags(stop: asyncio.Event) -> list[float]:
    lags = []
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(0.002)
        lags.append(time.perf_counter() - before - 0.002)
    return lags


@pytest.mark.usefixtures("frozen_heap")
async def test_each_is_refused_by_its_guard_in_time(
    rates: Rates, shop: Shop, record_property: Callable[[str, object], None]
) -> None:
    """Time is that of the processor, the best of all runs; the lag is the best run's p99.

    There are more runs than three only where something took too long in each of those before.
    """
    hostiles = corpus()
    assert len(hostiles) >= 200
    assert len({(each.name, each.code) for each in hostiles}) == len(hostiles)
    cpu = {each.name: 60.0 for each in hostiles}
    lags: list[float] = []
    transport = httpx.ASGITransport(arcade(rates))
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        await client.post(f"/t/{shop.slug}/graphql", json={"query": "{ hello }"})
        for run in range(MOST_RUNS):
            if run >= RUNS and not _slow(cpu) and min(lags) < MOST_LAG_SECONDS:
                break
            stop = asyncio.Event()
            watching = asyncio.create_task(_lags(stop))
            wrong = []
            for each in hostiles:
                before = time.thread_time()
                code = await _ask(client, shop, each)
                cpu[each.name] = min(cpu[each.name], time.thread_time() - before)
                await asyncio.sleep(0)  # as between two requests on sockets
                if code != each.code:
                    wrong.append((each.name, each.code, code))
            stop.set()
            lags.append(_p99(await watching))
            assert not wrong, "\n".join(map(str, wrong))
    told = {
        "requests": len(hostiles),
        "cpu p99 ms": round(_p99(list(cpu.values())) * 1e3, 1),
        "cpu most ms": round(max(cpu.values()) * 1e3, 1),
        "lag p99 ms": round(min(lags) * 1e3, 1),
    }
    record_property("hostile", told)
    sys.stdout.write(f"{told}\n")
    assert _slow(cpu) == {}
    assert min(lags) < MOST_LAG_SECONDS


def test_the_corpus_reaches_every_guard_of_a_document() -> None:
    assert {each.code for each in corpus()} >= {
        "ALIASES_TOO_MANY", "BATCH_REFUSED", "BODY_TOO_LARGE", "COST_TOO_HIGH",
        "DIRECTIVES_TOO_MANY", "DOCUMENT_INVALID", "DOCUMENT_TOO_DEEP", "DOCUMENT_TOO_LONG",
        "FRAGMENTS_CYCLIC", "GUARDED_FIELD_REPEATED", "INTROSPECTION_REFUSED", "JSON_TOO_DEEP",
        "OPERATION_UNKNOWN", "REPEATS_TOO_MANY", "ROOT_FIELDS_TOO_MANY", "SELECTIONS_TOO_MANY",
        "VARIABLES_INVALID",
    }  # fmt: skip
    assert MEMBER.cost == 5_000
