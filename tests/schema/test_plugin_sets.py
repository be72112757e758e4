"""Many sets of plugins at once: whoever looks, they agree on what exists; fifty are kept apart."""

import asyncio
import gc
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import strawberry
from graphql import get_introspection_query
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass
from shuke_core.events.reactions import Event, Reaction, running_reactions
from shuke_core.integrations.ticket_facts import CleanSale
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.events import MemberJoined
from shuke_core.plugin_host import Plugin, enable_plugin, install, uninstall
from shuke_core.plugins.hooks import hookimpl
from shuke_core.runtime import Runtime
from shuke_core.worker.schedules import Schedule
from shuke_schema.asgi import create_app
from shuke_schema.composition import shelf_of
from shuke_schema.parts import Audience, Part
from shuke_schema.rights import shows
from shuke_schema.shelf import Shelf

KEYS = [f"toy{n}" for n in range(8)]
PHONE = "13800138000"
asked_hooks: list[str] = []


def _fields(key: str) -> type:
    def resolve() -> str | None:
        return key

    body: dict[str, Any] = {key: strawberry.field(resolver=resolve), "__annotations__": {}}
    return shows(FieldClass.PUBLIC)(strawberry.type(type(f"Fields{key}", (), body)))


PARTS = {
    f"part_{key}": tuple(Part(key, audience, {"Member": (fields,)}) for audience in Audience)
    for key in KEYS
    for fields in (_fields(key),)
}
globals().update(PARTS)


def _toy(key: str) -> Plugin:
    async def shuke_refuse_sales(sales: Sequence[CleanSale]) -> Mapping[int, str]:
        asked_hooks.append(key)
        return {}

    async def react(events: Sequence[Event]) -> None: ...

    async def nightly() -> bool:
        return False

    return Plugin(
        key,
        {"zh": key, "en": key},
        "1.0",
        ">=0.1,<0.2",
        hooks=SimpleNamespace(shuke_refuse_sales=hookimpl(shuke_refuse_sales)),
        reactions=(Reaction(f"{key}.react", frozenset({MemberJoined.type}), react, plugin=key),),
        schedules=(Schedule(f"{key}.nightly", 2, 0, nightly, plugin=key),),
        graphql=f"tests.schema.test_plugin_sets:part_{key}",
    )


@pytest.fixture
def toys() -> Iterator[None]:
    """Eight small plugins, each with a field, a hook, a reaction and a schedule."""
    for key in KEYS:
        install(_toy(key))
    yield
    for key in KEYS:
        uninstall(key)


async def _seen(shop: Shop, audience: Audience) -> dict[str, set[str]]:
    """Which toys introspection tells of, the validation knows and the execution answers."""
    headers = await (shop.login(PHONE) if audience is Audience.MEMBER else shop.staff_login())
    transport = httpx.ASGITransport(create_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:

        async def ask(document: str) -> Any:
            path = f"/t/{shop.slug}/{audience.value}/graphql"
            return (await client.post(path, json={"query": document}, headers=headers)).json()

        told = await ask(get_introspection_query())
        of_member = next(t for t in told["data"]["__schema"]["types"] if t["name"] == "Member")
        known, answered = set(), set()
        root = "me" if audience is Audience.MEMBER else "members { edges { node"
        close = "" if audience is Audience.MEMBER else "} }"
        for key in KEYS:
            body = await ask(f"{{ {root} {{ {key} }} {close} }}")
            if "errors" not in body:
                known.add(key)
                if f"'{key}': '{key}'" in str(body["data"]):
                    answered.add(key)
            else:
                assert body["errors"][0]["extensions"]["code"] == "DOCUMENT_INVALID"
    return {
        "introspection": {f["name"] for f in of_member["fields"]} & set(KEYS),
        "validation": known,
        "execution": answered,
    }


async def _jobs(shop: Shop) -> dict[str, set[str]]:
    asked_hooks.clear()
    await shop.sold(shop.ticket())
    async with unit_of_work(shop.tenant_id):
        reactions = {r.plugin for r in await running_reactions() if r.plugin in KEYS}
    rows = await shop.rows(
        "SELECT name FROM schedule WHERE tenant_id = $1 AND state = 'waiting' AND name LIKE 'toy%'"
    )
    return {
        "hooks": set(asked_hooks),
        "reactions": {key for key in reactions if key},
        "schedules": {str(row["name"]).partition(".")[0] for row in rows},
    }


@pytest.mark.slow
async def test_for_each_pair_of_tenants_everything_agrees_on_what_exists(
    toys: None, shop: Shop, other_shop: Shop
) -> None:
    sets = {shop.slug: {"toy0", "toy1", "toy5"}, other_shop.slug: {"toy1", "toy2"}}
    for each in (shop, other_shop):
        await each.member(PHONE)
        async with unit_of_work(each.tenant_id):
            for key in sets[each.slug]:
                await enable_plugin(key)
    for each in (shop, other_shop):
        seen = await _jobs(each)
        for audience in Audience:
            seen |= {
                f"{audience.value} {who}": what
                for who, what in (await _seen(each, audience)).items()
            }
        assert seen == dict.fromkeys(seen, sets[each.slug])
        assert len(seen) == 9


def _fifty() -> list[frozenset[str]]:
    sets = [frozenset(chosen) for size in range(1, 4) for chosen in combinations(KEYS, size)]
    return sets[:50]


def _bytes_of_one(shelf: Shelf) -> float:
    """What a composed schema takes, over five sets that are kept."""
    tracemalloc.start()
    kept = [shelf._compose([shelf._parts[key] for key in sorted(keys)]) for keys in _fifty()[-5:]]
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


@pytest.mark.slow
async def test_fifty_sets_are_composed_while_others_are_served(
    toys: None, runtime: Runtime, record_property: Callable[[str, object], None]
) -> None:
    """Tells what fifty sets take of time and memory, and for how long a ready schema was waited."""
    shelf = shelf_of(Audience.STAFF)
    ready = await shelf.of_plugins(frozenset())
    waits: list[float] = []  # how long a request for a schema that is ready took meanwhile
    done = asyncio.Event()

    async def served() -> None:
        while not done.is_set():
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            assert await shelf.of_plugins(frozenset()) is ready
            waits.append(time.perf_counter() - due)  # what held up the loop is in it

    start = time.perf_counter()
    serving = asyncio.create_task(served())
    schemas = await asyncio.gather(*(shelf.of_plugins(keys) for keys in _fifty()))
    took = time.perf_counter() - start
    done.set()
    await serving
    told = {
        "seconds of all": round(took, 2),
        "kB of each": round(_bytes_of_one(shelf) / 1e3),
        "longest wait for a ready one ms": round(max(waits) * 1e3, 1),
    }
    record_property("fifty sets", told)
    sys.stdout.write(f"{told}\n")
    assert len({id(schema) for schema in schemas}) == 50
    for keys, schema in zip(_fifty(), schemas, strict=True):
        assert {name for kind, name in schema.demands if kind == "Member"} & set(KEYS) == keys
    # Who stood behind them would have waited for all; the longest wait is a pause of the interpreter.
    assert sorted(waits)[len(waits) // 2] < took / 10


async def test_nobody_waits_for_another_tenants_composition(toys: None, runtime: Runtime) -> None:
    hold = threading.Event()
    made = shelf_of(Audience.STAFF)
    compose = made._compose

    def held(parts: Sequence[Part]) -> Any:
        if parts:
            hold.wait(10)
        return compose(parts)

    slow = Shelf(Audience.STAFF, compose)
    slow._compose = held
    waiting = asyncio.create_task(slow.of_plugins(frozenset({"toy0"})))
    await asyncio.wait_for(slow.of_plugins(frozenset()), 5)
    assert not waiting.done()
    hold.set()
    await waiting
