"""No socket hears what is another tenant's or another member's; planted leaks are heard at once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from tests.support.moving import move
from tests.support.shop import Shop
from tests.support.sockets import POINTS, Client, Stage, client_of, open_stage

from shuke_core.live import streams
from shuke_core.runtime import Runtime
from shuke_schema.live import lines, reader

ORDERS = "subscription { ordersChanged { change { kind orderId } } }"
ONE, TWO = "138 0013 8000", "139 0013 9000"


@pytest_asyncio.fixture
async def stage(runtime: Runtime) -> AsyncIterator[Stage]:
    """A stage of this file's own: a planted leak must not outlive its test."""
    async with open_stage(runtime) as stage:
        yield stage


async def strangers_hear(stage: Stage, shop: Shop, other: Shop) -> list[str]:
    """Who hears what is meant for the member ONE of `shop` alone; replayed or live."""
    member_id = await shop.member(ONE)
    heard: list[str] = []
    seats = {
        "a member": (shop, await shop.login(TWO)),
        "another tenant's member": (other, await other.login(ONE)),
    }

    async def listen(who: str, client: Client) -> None:
        if not await client.is_silent(0.6):
            heard.append(who)

    cursors = {}
    for who, (seat, headers) in seats.items():
        async with client_of(stage.address(seat), headers) as client:
            cursors[who] = (await client.subscribe())["cursor"]
    await move(shop, member_id, [1])
    for who, (seat, headers) in seats.items():
        async with client_of(stage.address(seat), headers) as client:
            await client.subscribe(after=cursors[who])
            listening = asyncio.create_task(listen(f"{who}, replayed", client))
            await listening
    for who, (seat, headers) in seats.items():
        async with client_of(stage.address(seat), headers) as client:
            await client.subscribe()
            listening = asyncio.create_task(listen(f"{who}, live", client))
            await move(shop, member_id, [2])
            await listening
    return heard


async def test_only_who_is_meant_hears(stage: Stage, shop: Shop, other_shop: Shop) -> None:
    assert await strangers_hear(stage, shop, other_shop) == []
    async with client_of(stage.address(shop), await shop.login(ONE)) as client:
        await client.subscribe(POINTS)
        await move(shop, await shop.member(ONE), [3])
        assert (await client.update())["change"]["points"] == 3
    assert await stage.is_empty()


def _unrouted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of a topic go to whoever listens to it, whatever their key."""
    tell = lines.Line.tell

    def to_all(self: lines.Line, items: list[object]) -> None:
        everybody = {each for listeners in self.listeners.values() for each in listeners}
        self.listeners[None] |= everybody
        tell(self, items)  # type: ignore[arg-type]

    monkeypatch.setattr(lines.Line, "tell", to_all)


def _unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is replayed is not picked by key."""
    kept = lines.Line.kept
    monkeypatch.setattr(
        lines.Line, "kept", lambda self, key, after, upto: kept(self, None, after, upto)
    )


@pytest.mark.parametrize(
    ("plant", "who"),
    [
        (_unrouted, {"a member, live"}),
        (_unfiltered, {"a member, replayed"}),
    ],
    ids=["unrouted", "unfiltered"],
)
async def test_a_planted_leak_is_heard(
    stage: Stage,
    shop: Shop,
    other_shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    who: set[str],
) -> None:
    async with client_of(stage.address(shop), await shop.login(ONE)) as owner:
        await owner.subscribe()
        plant(monkeypatch)
        assert set(await strangers_hear(stage, shop, other_shop)) == who


async def test_a_planted_leak_between_tenants_is_heard(
    stage: Stage, shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams whose names lack the tenant: staff of one hear the other's orders."""
    at_other = await other_shop.staff_login("admin")

    async def hears() -> bool:
        async with client_of(stage.address(other_shop, "staff"), at_other) as stranger:
            await stranger.subscribe(ORDERS)
            await shop.sold(shop.ticket())
            return not await stranger.is_silent(0.6)

    assert not await hears()
    monkeypatch.setattr(streams, "stream_of", lambda tenant_id, topic: f"shuke:planted:{topic}")
    monkeypatch.setattr(reader, "stream_of", lambda tenant_id, topic: f"shuke:planted:{topic}")
    try:
        for _ in range(20):  # so that its positions are ahead of the other's
            await shop.sold(shop.ticket())
        assert await hears()
    finally:
        await stage.streams._redis.delete("shuke:planted:orders", "shuke:planted:points")
