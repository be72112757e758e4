"""Before the process ends, who heard nothing for long is told where they stand; all are closed."""

import asyncio
from math import inf
from time import monotonic

import pytest
from tests.schema.live.memory import memory_socket
from tests.support.moving import move
from tests.support.shop import Shop
from tests.support.sockets import POINTS, Stage, client_of, open_stage

from shuke_core.kit.transactions import unit_of_work
from shuke_core.live.cursors import cursors_of_tenant
from shuke_core.runtime import Runtime
from shuke_schema.live.groups import Group
from shuke_schema.live.limits import LiveLimits
from shuke_schema.live.protocol import Code

PHONE, OTHER = "138 0013 8000", "139 0013 9000"
READING = POINTS.replace("kind points", "kind points now { balance }")


async def _position(shop: Shop, cursor: object) -> int:
    async with unit_of_work(shop.tenant_id):
        return (await cursors_of_tenant()).read(str(cursor))


async def _move_line(stage: Stage, shop: Shop, numbers: range) -> None:
    """Others hear of these, so that the line of all points is further than who is silent knows."""
    async with client_of(stage.address(shop), await shop.login(OTHER)) as other:
        await other.subscribe()
        await move(shop, await shop.member(OTHER), numbers)
        assert [(await other.update())["change"]["points"] for _ in numbers] == list(numbers)


@pytest.mark.parametrize("query", [POINTS, READING])
async def test_who_heard_nothing_is_told_the_position_and_resumes_from_it(
    query: str, stage: Stage, shop: Shop
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    await shop.sold(shop.ticket(phone=PHONE))  # there is an account to read
    async with client_of(stage.address(shop), headers) as client:
        first = await client.subscribe(query)
        await _move_line(stage, shop, range(1, 6))
        await stage.hub.part()
        (last,), code = await client.last_words()
    assert (last["gap"], last["change"], code) == (False, None, Code.RESTART)
    before, after = [await _position(shop, each["cursor"]) for each in (first, last)]
    assert after >= before + 5
    await move(shop, member_id, [77])
    async with client_of(stage.address(shop), headers) as client:
        assert (await client.subscribe(query, after=last["cursor"]))["gap"] is False
        assert (await client.update())["change"]["points"] == 77


async def test_who_knows_the_position_is_told_nothing_more(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        await client.subscribe()
        await move(shop, member_id, [5])
        assert (await client.update())["change"]["points"] == 5
        await stage.hub.part()
        assert await client.last_words() == ([], Code.RESTART)


async def test_what_waits_to_be_sent_goes_before_the_close(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with memory_socket(stage, shop, headers, POINTS) as client:
        (group,) = stage.hub.groups.values()
        client.reads.clear()
        await move(shop, member_id, [1, 2, 3])
        async with asyncio.timeout(5):
            while len(group.frames) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        parting = asyncio.create_task(stage.hub.part())
        await asyncio.sleep(0.05)
        client.reads.set()
        assert [(await client.update())["change"]["points"] for _ in range(3)] == [1, 2, 3]
        assert await client.next() == {"close": Code.RESTART}
        await parting


async def test_who_does_not_read_holds_up_nobody(runtime: Runtime, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with (
        open_stage(runtime, LiveLimits(part_seconds=0.5)) as stage,
        memory_socket(stage, shop, headers, POINTS) as slow,
        client_of(stage.address(shop), await shop.login(OTHER)) as silent,
    ):
        await silent.subscribe()
        slow.reads.clear()
        await move(shop, member_id, [1, 2])
        await asyncio.sleep(0.1)
        start = monotonic()
        await stage.hub.part()
        assert 0.4 < monotonic() - start < 10
        ((last,), code) = await silent.last_words()
        assert (last["gap"], last["change"], code) == (False, None, Code.RESTART)


async def test_encoding_that_hangs_is_not_waited_for(
    runtime: Runtime, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await shop.login(PHONE)
    async with (
        open_stage(runtime, LiveLimits(part_seconds=0.3)) as stage,
        client_of(stage.address(shop), headers) as client,
    ):
        await client.subscribe()

        async def hang(_: Group) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(Group, "part", hang)
        start = monotonic()
        await stage.hub.part()
        assert monotonic() - start < 10  # and not for sixty
        assert await client.last_words() == ([], Code.RESTART)


async def test_last_words_need_no_connection_of_the_database(stage: Stage, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        await client.subscribe(READING)
        await _move_line(stage, shop, range(1, 3))
        for _ in range(stage.hub.limits.runs_that_read):
            await stage.hub._readers.acquire()  # as if all of them were at work
        await stage.hub.part()
        for _ in range(stage.hub.limits.runs_that_read):
            stage.hub._readers.release()
        (last,), code = await client.last_words()
    assert (last["gap"], last["change"], code) == (False, None, Code.RESTART)


async def test_a_token_that_is_not_confirmed_is_told_nothing(stage: Stage, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        await client.subscribe()
        await _move_line(stage, shop, range(1, 3))
        (socket,) = stage.hub.sessions.sockets
        socket._confirmed_at = -inf
        await stage.hub.part()
        assert await client.last_words() == ([], Code.RESTART)
