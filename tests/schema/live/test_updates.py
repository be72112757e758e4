"""What a member hears: own points and orders, in order, each once, from where they stopped."""

import pytest
from tests.support.shop import Shop
from tests.support.sockets import ORDERS, POINTS, Stage, client_of

from shuke_core.live.streams import upto_of

PHONE, OTHER = "138 0013 8000", "139 0013 9000"


async def test_points_are_told_as_they_move(stage: Stage, shop: Shop) -> None:
    async with client_of(stage.address(shop), await shop.login(PHONE)) as client:
        first = await client.subscribe()
        assert (first["gap"], first["change"]) == (False, None)
        sale = shop.ticket(phone=PHONE, total="100.00")
        await shop.sold(sale)
        earned = await client.update()
        await shop.sold(shop.refund(sale, "20.00"))
        taken_back = await client.update()
        assert await client.is_silent()
    assert earned["change"] == {"kind": "EARN", "points": 100}
    assert taken_back["change"] == {"kind": "CLAW_BACK", "points": -20}
    assert len({first["cursor"], earned["cursor"], taken_back["cursor"]}) == 3


async def test_orders_come_with_what_they_are_by_now(stage: Stage, shop: Shop) -> None:
    async with client_of(stage.address(shop), await shop.login(PHONE)) as client:
        await client.subscribe(ORDERS)
        sales = [shop.ticket(phone=PHONE, total="10.00") for _ in range(3)]
        await shop.sold(*sales)
        told = [(await client.update())["change"] for _ in range(3)]
    assert told == [
        {"kind": "COMPLETED", "order": {"no": sale["no"], "state": "COMPLETED"}} for sale in sales
    ]


async def test_the_balance_by_now_is_read_where_it_is_asked_for(stage: Stage, shop: Shop) -> None:
    query = "subscription { pointsChanged { change { points now { balance } } } }"
    async with client_of(stage.address(shop), await shop.login(PHONE)) as client:
        assert await client.subscribe(query) == {"change": None}
        await shop.sold(shop.ticket(phone=PHONE, total="7.00"))
        assert await client.update() == {"change": {"points": 7, "now": {"balance": 7}}}


async def test_a_member_hears_nothing_of_another(stage: Stage, shop: Shop) -> None:
    headers, other = await shop.login(PHONE), await shop.login(OTHER)
    async with (
        client_of(stage.address(shop), headers) as client,
        client_of(stage.address(shop), other) as stranger,
    ):
        await client.subscribe()
        await stranger.subscribe()
        await shop.sold(shop.ticket(phone=PHONE, total="5.00"))
        assert (await client.update())["change"] == {"kind": "EARN", "points": 5}
        assert await stranger.is_silent()


async def test_what_was_missed_comes_once_and_in_order(stage: Stage, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
    for points in (1, 2, 3):
        await shop.sold(shop.ticket(phone=PHONE, total=f"{points}.00"))
        await shop.sold(shop.ticket(phone=OTHER, total="9.00"))
    async with client_of(stage.address(shop), headers) as client:
        opening = await client.subscribe(after=cursor)
        assert (opening["gap"], opening["change"], opening["cursor"]) == (False, None, cursor)
        missed = [await client.update() for _ in range(3)]
        assert [each["change"]["points"] for each in missed] == [1, 2, 3]
        assert await client.is_silent()
        await shop.sold(shop.ticket(phone=PHONE, total="4.00"))
        assert (await client.update())["change"]["points"] == 4


@pytest.mark.parametrize("lost", ["all of it", "one stream", "what is known"])
async def test_what_was_missed_comes_also_when_redis_lost_it(
    stage: Stage, shop: Shop, lost: str
) -> None:
    headers = await shop.login(PHONE)
    async with client_of(stage.address(shop), headers) as client:
        cursor = (await client.subscribe())["cursor"]
    await shop.sold(shop.ticket(phone=PHONE, total="1.00"))
    base = upto_of(shop.tenant_id)
    keys = {
        "all of it": [base, f"{base}:points", f"{base}:orders"],
        "one stream": [f"{base}:points"],
        "what is known": [base],
    }[lost]
    assert await stage.streams._redis.delete(*keys) == len(keys)
    await shop.sold(shop.ticket(phone=PHONE, total="2.00"))
    async with client_of(stage.address(shop), headers) as client:
        assert not (await client.subscribe(after=cursor))["gap"]
        assert [(await client.update())["change"]["points"] for _ in range(2)] == [1, 2]
        assert await stage.streams._redis.delete(*keys) == len(keys)
        await shop.sold(shop.ticket(phone=PHONE, total="3.00"))
        assert (await client.update())["change"]["points"] == 3
        assert await client.is_silent()


async def test_equal_subscribers_share_one_group(stage: Stage, shop: Shop) -> None:
    headers = await shop.login(PHONE)
    async with (
        client_of(stage.address(shop), headers) as one,
        client_of(stage.address(shop), headers) as two,
    ):
        first = [await one.subscribe(), await two.subscribe(after=None, name="x")]  # noqa: F841
        await two.subscribe(ORDERS, name="y")
        assert len(stage.hub.groups) == 2
        await shop.sold(shop.ticket(phone=PHONE, total="5.00"))
        assert (await one.update())["change"]["points"] == 5
    assert POINTS != ORDERS
