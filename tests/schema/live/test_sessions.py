"""Who may hear is asked again and again: log-out, expiry and suspension close within five seconds."""

import time
from datetime import timedelta

import pytest
from tests.support.moving import move
from tests.support.scratch import connection_to
from tests.support.shop import Shop
from tests.support.sockets import POINTS, Stage, client_of, open_stage
from websockets.exceptions import ConnectionClosed

from shuke_core.kit import clock
from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.services import TOKEN_LIFE, log_out
from shuke_core.members.visitors import absorb_visitor, log_in_with_openid
from shuke_core.runtime import Runtime
from shuke_schema.live.limits import LiveLimits
from shuke_schema.live.protocol import Code

PHONE = "138 0013 8000"
SECONDS = 5.0


async def test_a_log_out_closes_at_once_where_the_worker_runs(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with (
        client_of(stage.address(shop), headers) as client,
        client_of(stage.address(shop), await shop.login("139 0013 9000")) as other,
    ):
        await client.subscribe()
        await other.subscribe()
        async with unit_of_work(shop.tenant_id):
            assert await log_out(member_id) == 1
        before = time.monotonic()
        await shop.work("relay")
        await shop.work("live")
        assert await client.closed() == Code.FORBIDDEN
        assert time.monotonic() - before < 5  # as the product promises
        assert await other.is_silent()


async def test_a_log_out_closes_within_five_seconds_where_no_worker_runs(
    stage: Stage, shop: Shop
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        await client.subscribe()
        async with unit_of_work(shop.tenant_id):
            await log_out(member_id)
        before = time.monotonic()
        assert await client.closed() == Code.FORBIDDEN
        assert time.monotonic() - before < SECONDS


async def test_a_token_that_expires_closes_within_five_seconds(stage: Stage, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        await client.subscribe()
        with clock.held_at(clock.now() + TOKEN_LIFE + timedelta(seconds=1)):
            before = time.monotonic()
            assert await client.closed() == Code.FORBIDDEN
        assert time.monotonic() - before < SECONDS


async def test_a_revoked_token_opens_no_socket(stage: Stage, shop: Shop) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        assert (await log_out(member_id), await log_out(member_id)) == (1, 0)
    async with client_of(stage.address(shop)) as client:
        await client.send({"type": "connection_init", "payload": headers})
        assert await client.closed() == Code.FORBIDDEN


async def test_the_sockets_of_a_suspended_tenant_are_closed(
    runtime: Runtime, stage: Stage, shop: Shop
) -> None:
    async with client_of(stage.address(shop), await shop.login(PHONE)) as client:
        await client.subscribe()
        async with connection_to(runtime.places.owner()) as owner:
            await owner.execute(
                "UPDATE tenant SET state = 'suspended' WHERE id = $1", shop.tenant_id
            )
        before = time.monotonic()
        assert await client.closed() == Code.FORBIDDEN
        assert time.monotonic() - before < SECONDS


async def test_nothing_is_sent_on_a_token_that_nobody_could_confirm(
    runtime: Runtime, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    limits = LiveLimits(sweep_seconds=0.1, confirmed_seconds=0.3)
    async with (
        open_stage(runtime, limits) as stage,
        client_of(stage.address(shop), headers) as client,
    ):
        await client.subscribe()

        async def away(digests: object) -> dict[bytes, object]:
            raise DatabaseAway("planted")

        monkeypatch.setattr("shuke_schema.live.doors.members_of_digests", away)
        assert await client.is_silent(0.8)
        await move(shop, member_id, [1, 2])
        assert await client.is_silent(0.5)
        monkeypatch.undo()
        assert [(await client.update())["change"]["points"] for _ in range(2)] == [1, 2]


async def test_a_person_has_so_many_sockets_and_no_more(runtime: Runtime, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with open_stage(runtime, LiveLimits(of_caller=2)) as stage:
        address = stage.address(shop)
        async with client_of(address, headers), client_of(address, headers):
            async with client_of(address) as third:
                await third.send({"type": "connection_init", "payload": headers})
                assert await third.closed() == Code.TOO_MANY
            async with client_of(address, await shop.login("139 0013 9000")) as other:
                assert not (await other.subscribe())["gap"]
        assert await stage.is_empty()


async def test_a_process_takes_so_many_sockets_and_no_more(runtime: Runtime, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with open_stage(runtime, LiveLimits(sockets=1)) as stage:
        async with client_of(stage.address(shop), headers):
            with pytest.raises(Exception, match="503"):
                async with client_of(stage.address(shop), headers):
                    pass
        assert await stage.is_empty()
        async with client_of(stage.address(shop), headers) as client:
            await client.subscribe()


async def test_a_socket_has_so_many_operations_and_no_more(runtime: Runtime, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with open_stage(runtime, LiveLimits(operations=2)) as stage:
        async with client_of(stage.address(shop), headers) as client:
            await client.subscribe(name="1")
            await client.subscribe(name="2")
            await client.send({"id": "3", "type": "subscribe", "payload": {"query": POINTS}})
            refused = await client.read()
            assert refused["payload"][0]["extensions"]["code"] == "LIVE_OPERATIONS_TOO_MANY"
            await client.send({"id": "1", "type": "complete"})
            assert not (await client.subscribe(name="3"))["gap"]
        assert await stage.is_empty()


async def test_when_the_server_stops_sockets_close_with_1012_and_resume(
    runtime: Runtime, shop: Shop
) -> None:
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with open_stage(runtime) as stage, client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
        stage.server.should_exit = True
        with pytest.raises(ConnectionClosed) as closed:
            await client.read()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        await move(shop, member_id, [1])
    async with open_stage(runtime) as stage, client_of(stage.address(shop), headers) as client:
        await client.subscribe(after=cursor)
        assert (await client.update())["change"]["points"] == 1


async def test_a_visitor_who_is_a_known_member_keeps_the_socket_and_hears_what_is_theirs(
    runtime: Runtime, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        visitor = await log_in_with_openid("wx0123456789abcdef", "o-123456", None)
    member_id = await shop.member(PHONE)
    headers = {"authorization": f"Bearer {visitor.token}"}
    async with open_stage(runtime, LiveLimits(sweep_seconds=0.1)) as stage:
        async with client_of(stage.address(shop), headers) as client:
            await client.subscribe()
            async with unit_of_work(shop.tenant_id):
                await absorb_visitor(visitor.member_id, member_id)
            assert (await client.update())["change"] is None  # begun anew, as the member
            await move(shop, member_id, [1])
            assert (await client.update())["change"]["points"] == 1
        assert await stage.is_empty()
