"""What once went wrong with a lost Redis, one tenant's fault, or a database that is away for a moment."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from tests.schema.live.memory import memory_socket
from tests.support.moving import move
from tests.support.shop import Shop
from tests.support.sockets import ORDERS, POINTS, Stage, client_of, open_stage

from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.ids import new_id
from shuke_core.kit.tasks import Tasks
from shuke_core.kit.transactions import unit_of_work
from shuke_core.live import publisher, streams
from shuke_core.live.cursors import Cursors
from shuke_core.live.history import head, mark_published
from shuke_core.live.streams import Entry, stream_of
from shuke_core.live.topics import Item, Topic
from shuke_core.runtime import Runtime
from shuke_schema.live import sessions
from shuke_schema.live.groups import Group
from shuke_schema.live.limits import LiveLimits
from shuke_schema.live.lines import Line
from shuke_schema.live.origins import may_open
from shuke_schema.live.reader import Reader
from shuke_schema.live.sessions import Entrance, Sessions

PHONE = "138 0013 8000"


async def test_what_redis_lost_before_it_was_taken_comes_without_a_later_item(
    stage: Stage, shop: Shop
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    stage.hub.reader._look_seconds = 0.1
    async with client_of(stage.address(shop), headers) as client:
        await client.subscribe()
        await move(shop, member_id, [1], publish=False)
        async with unit_of_work(shop.tenant_id):  # published, and gone
            await mark_published(await head())
        assert (await client.update(seconds=12))["change"]["points"] == 1


async def test_streams_of_a_worker_with_other_topics_are_not_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = new_id()
    with monkeypatch.context() as older:
        older.setattr(streams, "fingerprint", lambda: "older")
        await stage.streams.append(tenant, 0, 5, {})
        assert await stage.streams._redis.get(streams.upto_of(tenant)) == b"5"
    assert await stage.streams.between(tenant, "points", 0, 5, 10) is None
    assert await stage.streams._redis.get(streams.upto_of(tenant)) is None


async def test_one_line_that_cannot_be_taken_starves_no_other() -> None:
    class Planted:
        told = False

        async def wait(self, asked: Any, _: str, woken: str) -> Any:
            if self.told:
                await asyncio.sleep(60)
            self.told = True
            item = Item(9, "x", "k", b"{}", "")
            return {name: [Entry(item, 5)] for name in asked}, woken

    class Heard(list[Item]):
        __hash__ = object.__hash__  # type: ignore[assignment]

        def feed(self, items: list[Item]) -> None:
            self.extend(items)

        def lose(self, position: int) -> None: ...

    reader = Reader(Planted())  # type: ignore[arg-type]
    topic, heard = Topic("t", frozenset(), "k"), Heard()
    bad, good = Line(new_id(), topic), Line(new_id(), topic)
    for line, at in ((bad, 1), (good, 5)):
        line.begin(at, Cursors(bytes(16)))
        reader.lines[stream_of(line.tenant_id, "t")] = line
    good.listeners[None].add(heard)

    async def broken(*_: object) -> None:
        raise ValueError("planted")

    reader._from_history = broken  # type: ignore[method-assign,assignment]
    tasks = Tasks()
    tasks.start(reader.run())
    await asyncio.sleep(0.1)
    await tasks.end()
    assert [item.position for item in heard] == [9]
    assert bad.position == 1


async def test_a_tenant_whose_stream_redis_refuses_rests_alone(stage: Stage, shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await move(shop, member_id, [1])
    await stage.streams._redis.set(stream_of(shop.tenant_id, "points"), b"no stream")
    await move(shop, member_id, [2], publish=False)
    assert await publisher.publish(shop.tenant_id) is False
    assert shop.tenant_id in publisher._resting
    assert publisher._away_until == 0.0
    stage.said.clear()  # it is told in the log
    await publisher.publish(shop.tenant_id)  # it heals: the streams begin anew
    found = await stage.streams.between(shop.tenant_id, "points", 0, 10**6, 10)
    assert found is None
    async with unit_of_work(shop.tenant_id):
        upto = await head()
    found = await stage.streams.between(shop.tenant_id, "points", upto - 1, upto, 10)
    assert [item.facts["points"] for item in found or ()] == [2]


async def test_a_gap_that_cannot_be_told_waits_for_the_database(
    stage: Stage, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await shop.login(PHONE)
    async with memory_socket(stage, shop, headers, POINTS) as socket:
        (group,) = stage.hub.groups.values()
        with monkeypatch.context() as away:

            async def no_mark(*_: object, **__: object) -> str:
                raise DatabaseAway("planted")

            away.setattr(Group, "mark", no_mark)
            group.lose(group.position + 1)
            await asyncio.sleep(0.2)
            assert socket.frames.empty()
        assert (await socket.update())["gap"] is True


async def test_each_socket_is_moved_to_a_new_schema_whichever_was_looked_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    who = SimpleNamespace(caller="who")

    @asynccontextmanager
    async def no_unit(_: object) -> Any:
        yield

    async def card(_: object) -> Any:
        return SimpleNamespace(id=new_id())

    async def schema_of(_: object) -> str:
        return "new"

    async def recheck(_: object, digests: Any) -> Any:
        return dict.fromkeys(digests, who)

    async def listen(*_: object) -> None: ...

    monkeypatch.setattr(sessions, "unit_of_work", no_unit)
    monkeypatch.setattr(sessions, "find_tenant", card)
    door: Any = SimpleNamespace(door=SimpleNamespace(schema_of=schema_of), recheck=recheck,
                                sessions=None)  # fmt: skip
    tenant: Any = SimpleNamespace(id=new_id(), slug="s")
    reader: Any = SimpleNamespace(listen=listen)
    entrance = Entrance(door, tenant, reader, LiveLimits(), Tasks())
    moved: list[str] = []

    def socket(name: str) -> Any:
        return SimpleNamespace(digest=name.encode(), context=who, confirm=lambda: None,
                               follows=lambda schema: schema == "old",
                               move=lambda _: moved.append(name))  # fmt: skip

    await entrance.look_at([socket("a")])
    await entrance.look_at([socket("b")])
    assert moved == ["a", "b"]


async def test_a_tenant_that_hangs_holds_up_no_other() -> None:
    looked: list[str] = []

    class Planted:
        sockets = ()

        def __init__(self, name: str) -> None:
            self.name = name

        async def look_at(self, _: object) -> None:
            if self.name == "hangs":
                await asyncio.sleep(60)
            looked.append(self.name)

    reader: Any = None
    all_of_them = Sessions(reader, LiveLimits(sweep_seconds=0.01), Tasks())
    all_of_them.entrances = {(name, ""): Planted(name) for name in ("hangs", "other")}  # type: ignore[misc]
    tasks = Tasks()
    tasks.start(all_of_them.sweep())
    await asyncio.sleep(0.1)
    await tasks.end()
    assert "other" in looked


async def test_a_person_is_in_so_many_groups_and_no_more(runtime: Runtime, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with open_stage(runtime, LiveLimits(groups=1)) as stage:
        async with (
            client_of(stage.address(shop), headers) as one,
            client_of(stage.address(shop), headers) as two,
        ):
            await one.subscribe()
            await two.subscribe()
            await two.send({"id": "2", "type": "subscribe", "payload": {"query": ORDERS}})
            refused = await two.read()
            assert refused["payload"][0]["extensions"]["code"] == "LIVE_GROUPS_TOO_MANY"
        assert await stage.is_empty()


async def test_so_many_may_be_silent_about_who_they_are(runtime: Runtime, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with open_stage(runtime, LiveLimits(strangers_of_address=1)) as stage:
        async with client_of(stage.address(shop)) as silent:
            with pytest.raises(Exception, match="503"):
                async with client_of(stage.address(shop)):
                    pass
            await silent.login(headers)
            async with client_of(stage.address(shop), headers) as other:
                await other.subscribe()
        assert await stage.is_empty()


@pytest.mark.parametrize(("origin", "opens"), [(b"https://shop.example", True),
                                               (b"https://evil.example", False)])  # fmt: skip
def test_where_any_host_is_served_a_page_of_the_same_host_may_open(
    origin: bytes, opens: bool
) -> None:
    scope = {"headers": [(b"host", b"shop.example:443"), (b"origin", origin)]}
    assert may_open(scope, frozenset({"*"}), frozenset()) is opens
