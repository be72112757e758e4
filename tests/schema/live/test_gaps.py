"""Where updates can't be had, a gap is told: to who reads too slowly, and to who stayed away long."""

import pytest
from tests.schema.live.memory import memory_socket
from tests.support.moving import move
from tests.support.shop import Shop
from tests.support.sockets import POINTS, Stage, client_of

from shuke_core.kit.transactions import unit_of_work
from shuke_core.live import history
from shuke_core.live.cursors import cursors_of_tenant
from shuke_schema.live.limits import RING

PHONE = "138 0013 8000"


async def test_who_reads_slowly_passes_one_gap_and_others_lose_nothing(
    stage: Stage, shop: Shop
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    numbers = range(1, 3 * RING)
    async with (
        memory_socket(stage, shop, headers, POINTS) as slow,
        memory_socket(stage, shop, headers, POINTS) as quick,
    ):
        assert len(stage.hub.groups) == 1
        slow.reads.clear()
        heard: list[int] = []
        for start in range(1, 3 * RING, 256):
            await move(shop, member_id, range(start, min(start + 256, 3 * RING)))
            while len(heard) < min(start + 255, 3 * RING - 1):
                heard.append((await quick.update())["change"]["points"])
        assert heard == list(numbers)
        (group,) = stage.hub.groups.values()
        assert len(group.frames) <= 2 * RING

        slow.reads.set()
        first = await slow.update()  # it was on its way already
        gap = await slow.update()
        assert (first["change"]["points"], first["gap"]) == (1, False)
        assert (gap["change"], gap["gap"]) == (None, True)
        await move(shop, member_id, [7_777])
        assert (await slow.update())["change"]["points"] == 7_777
        assert (await quick.update())["change"]["points"] == 7_777


async def test_who_missed_more_than_the_ring_passes_a_gap(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
    await move(shop, member_id, range(1, RING + 2))
    async with client_of(stage.address(shop), headers) as client:
        gap = await client.subscribe(after=cursor)
        assert (gap["gap"], gap["change"]) == (True, None)
        assert await client.is_silent()
        await move(shop, member_id, [5])
        assert (await client.update())["change"]["points"] == 5


async def test_who_missed_just_the_ring_gets_all_of_it(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
    await move(shop, member_id, range(1, RING + 1))
    async with client_of(stage.address(shop), headers) as client:
        assert not (await client.subscribe(after=cursor))["gap"]
        heard = [(await client.update())["change"]["points"] for _ in range(RING)]
    assert heard == list(range(1, RING + 1))


async def test_what_is_past_its_time_is_a_gap(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
    await move(shop, member_id, [1, 2, 3], publish=False)
    gone = "DELETE FROM event WHERE tenant_id = $1 AND payload->>'points' = '2' RETURNING id"
    assert len(await shop.rows(gone)) == 1
    async with client_of(stage.address(shop), headers) as client:
        assert (await client.subscribe(after=cursor))["gap"]


async def test_too_far_back_is_a_gap(
    stage: Stage, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
    await move(shop, member_id, range(1, 4), publish=False)
    for reach, gap in ((2, True), (100, False)):
        monkeypatch.setattr(history, "MOST_POSITIONS", reach)
        async with client_of(stage.address(shop), headers) as client:
            assert (await client.subscribe(after=cursor))["gap"] is gap


async def test_a_cursor_ahead_of_the_history_is_a_gap(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    await move(shop, member_id, [1])
    async with unit_of_work(shop.tenant_id):
        ahead = (await cursors_of_tenant()).told(10_000)
    async with client_of(stage.address(shop), headers) as client:
        assert (await client.subscribe(after=ahead))["gap"]
        await move(shop, member_id, [2])
        assert (await client.update())["change"]["points"] == 2


@pytest.mark.parametrize("cursor", ["0", "x" * 22, "AAAAAAAAAAAAAAAAAAAAAA", "é", "1-0"])
async def test_a_cursor_that_is_made_up_is_refused(stage: Stage, shop: Shop, cursor: str) -> None:
    async with client_of(stage.address(shop), await shop.login(PHONE)) as client:
        payload = {"query": POINTS, "variables": {"after": cursor}}
        await client.send({"id": "1", "type": "subscribe", "payload": payload})
        refused = await client.read()
    assert (refused["type"], refused["id"]) == ("error", "1")
    assert refused["payload"][0]["extensions"]["code"] == "LIVE_CURSOR_INVALID"


async def test_another_tenants_cursor_is_refused(
    stage: Stage, shop: Shop, other_shop: Shop
) -> None:
    async with client_of(stage.address(other_shop), await other_shop.login(PHONE)) as client:
        cursor = (await client.subscribe())["cursor"]
    async with client_of(stage.address(shop), await shop.login(PHONE)) as client:
        payload = {"query": POINTS, "variables": {"after": cursor}}
        await client.send({"id": "1", "type": "subscribe", "payload": payload})
        assert (await client.read())["payload"][0]["extensions"]["code"] == "LIVE_CURSOR_INVALID"
