"""What staff hear: syncs, quarantine, orders; as far as their role allows, also when it changes."""

import time

import pytest
from tests.support.accounts import hired, jumping, person
from tests.support.shop import Shop
from tests.support.sockets import Stage, client_of

from shuke_core.integrations.quarantine import discard, waiting_tickets
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.services import add_staff, issue_staff_token, leave
from shuke_core.staff.sessions import open_session, sign_out_everywhere
from shuke_schema.live.protocol import Code

SYNCS = (
    "subscription ($after: String) { syncsChanged(after: $after) { cursor gap change { "
    "kind tickets accepted known quarantined integration { key } } } }"
)
QUARANTINE = (
    "subscription { quarantineChanged { change { kind ticketId field code integration { key } } } }"
)
ORDERS = "subscription { ordersChanged { change { kind order { no total { fen } } } } }"


async def test_a_sync_is_told_from_its_arrival_to_its_end(stage: Stage, shop: Shop) -> None:
    headers = await shop.staff_login("operator")
    async with client_of(stage.address(shop, "staff"), headers) as client:
        await client.subscribe(SYNCS)
        ticket = shop.ticket()
        await shop.sold(ticket, ticket, shop.ticket(store="S9"))
        told = [(await client.update())["change"] for _ in range(2)]
    till = {"key": "till"}
    assert told == [
        {"kind": "TAKEN", "tickets": 3, "accepted": 0, "known": 0, "quarantined": 0,
         "integration": till},
        {"kind": "DONE", "tickets": 3, "accepted": 1, "known": 1, "quarantined": 1,
         "integration": till},
    ]  # fmt: skip


async def test_a_ticket_is_told_into_quarantine_and_out_of_it(stage: Stage, shop: Shop) -> None:
    headers = await shop.staff_login("operator")
    async with client_of(stage.address(shop, "staff"), headers) as client:
        await client.subscribe(QUARANTINE)
        await shop.sold(shop.ticket(store="S9"))
        came = (await client.update())["change"]
        async with unit_of_work(shop.tenant_id):
            (waiting,) = await waiting_tickets("till")
            await discard(waiting.id)
        await shop.work()
        await shop.work()
        gone = (await client.update())["change"]
    where = {"ticketId": str(waiting.id), "integration": {"key": "till"}}
    assert came == {"kind": "QUARANTINED", "field": "store", "code": "STORE_UNKNOWN", **where}
    assert gone == {"kind": "DISCARDED", "field": None, "code": None, **where}


async def test_staff_of_equal_rights_share_a_group_and_others_do_not(
    stage: Stage, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        await add_staff("second", "小二", "operator")
    headers = [await shop.staff_login(role) for role in ("operator", "admin")]
    async with unit_of_work(shop.tenant_id):
        headers.append({"authorization": f"Bearer {await issue_staff_token('second')}"})
    address = stage.address(shop, "staff")
    async with (
        client_of(address, headers[0]) as one,
        client_of(address, headers[1]) as admin,
        client_of(address, headers[2]) as two,
    ):
        for client in (one, admin, two):
            await client.subscribe(SYNCS)
        assert len(stage.hub.groups) == 2
        await shop.sold(shop.ticket())
        for client in (one, admin, two):
            assert (await client.update())["change"]["kind"] == "TAKEN"


async def test_who_may_not_is_told_so(stage: Stage, shop: Shop) -> None:
    async with client_of(stage.address(shop, "staff"), await shop.staff_login("clerk")) as client:
        await client.send({"id": "1", "type": "subscribe", "payload": {"query": SYNCS}})
        refused = await client.read()
    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "PERMISSION_DENIED"


async def test_a_right_that_is_taken_ends_the_operation_and_not_the_socket(
    stage: Stage, shop: Shop
) -> None:
    headers = await shop.staff_login("operator")
    async with client_of(stage.address(shop, "staff"), headers) as client:
        await client.subscribe(SYNCS)
        async with unit_of_work(shop.tenant_id):
            await add_staff("operator", "小operator", "clerk")
        await shop.work()
        await shop.work()
        ended = await client.read()
        assert (ended["type"], ended["id"]) == ("error", "1")
        assert ended["payload"][0]["extensions"]["code"] == "PERMISSION_DENIED"
        await shop.sold(shop.ticket())
        assert await client.is_silent()


async def test_rights_that_grow_move_the_operation_and_lose_nothing(
    stage: Stage, shop: Shop
) -> None:
    headers = await shop.staff_login("operator")
    async with client_of(stage.address(shop, "staff"), headers) as client:
        await client.subscribe(SYNCS)
        heard = 0
        for turn in range(6):
            if turn == 2:
                async with unit_of_work(shop.tenant_id):
                    await add_staff("operator", "小operator", "admin")
            await shop.sold(shop.ticket())
        marks = 0
        while heard < 12:
            update = await client.update()
            heard += update["change"] is not None
            marks += update["change"] is None
            assert not update["gap"]
        assert marks == 1  # where the operation stands in its new group
        assert await client.is_silent()


async def test_who_leaves_is_closed(stage: Stage, shop: Shop) -> None:
    async with client_of(stage.address(shop, "staff"), await shop.staff_login("admin")) as client:
        await client.subscribe(ORDERS)
        sale = shop.ticket(total="3.00")
        await shop.sold(sale)
        assert (await client.update())["change"]["order"] == {
            "no": sale["no"], "total": {"fen": 300}}  # fmt: skip
        async with unit_of_work(shop.tenant_id):
            await leave("admin")
        await shop.work()
        await shop.work()
        assert await client.closed() == Code.FORBIDDEN


@pytest.mark.parametrize("audience", ["member", "staff"])
async def test_the_other_audiences_token_opens_nothing(
    stage: Stage, shop: Shop, audience: str
) -> None:
    member, staff = await shop.login("138 0013 8000"), await shop.staff_login("admin")
    async with client_of(stage.address(shop, audience)) as client:
        wrong = staff if audience == "member" else member
        await client.send({"type": "connection_init", "payload": wrong})
        assert await client.closed() == Code.FORBIDDEN


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ stores { code } }", "METHOD_REFUSED"),
        ("subscription { nothing }", "DOCUMENT_INVALID"),
        ("subscription { syncsChanged { cursor } quarantineChanged { cursor } }",
         "DOCUMENT_INVALID"),
        ("subscription {", "DOCUMENT_INVALID"),
        ('subscription { syncsChanged(after: "x") { cursor } }', "LIVE_AFTER_LITERAL"),
        ("subscription ($n: Int!) { syncsChanged { cursor } }", "DOCUMENT_INVALID"),
        ("subscription A { syncsChanged { cursor } } subscription B { ordersChanged { gap } }",
         "OPERATION_UNKNOWN"),
        ("subscription { syncsChanged { " + "cursor " * 500 + "} }", "REPEATS_TOO_MANY"),
    ],
)  # fmt: skip
async def test_documents_meet_the_guards_of_http(
    stage: Stage, shop: Shop, query: str, code: str
) -> None:
    async with client_of(stage.address(shop, "staff"), await shop.staff_login("admin")) as client:
        await client.send({"id": "1", "type": "subscribe", "payload": {"query": query}})
        refused = await client.read()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", code)
        assert not (await client.subscribe(SYNCS))["gap"]


async def test_signing_out_everywhere_closes_sockets_and_nobody_elses(
    stage: Stage, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with jumping(monkeypatch) as jumps:
        lina = await person(shop, jumps, "lina", "operator", second_factor=False)
        wang = await person(shop, jumps, "wang", "operator", second_factor=False)
        address = stage.address(shop, "staff")
        async with (
            client_of(address, lina.headers) as one,
            client_of(address, lina.headers) as two,
            client_of(address, wang.headers) as other,
        ):
            for client in (one, two, other):
                await client.subscribe(SYNCS)
            async with unit_of_work(shop.tenant_id):
                assert await sign_out_everywhere(lina.id) == 1
            before = time.monotonic()
            await shop.work("relay")
            await shop.work("live")
            assert await one.closed() == Code.FORBIDDEN
            assert await two.closed() == Code.FORBIDDEN
            assert time.monotonic() - before < 5  # as the product promises
            await shop.sold(shop.ticket())
            assert (await other.update())["change"]["kind"] == "TAKEN"


async def test_a_session_that_must_enrol_hears_nothing(stage: Stage, shop: Shop) -> None:
    staff_id = await hired(shop, "lina", "operator")
    async with unit_of_work(shop.tenant_id):
        session = await open_session(staff_id, must_enrol=True)
    headers = {"authorization": f"Bearer {session.token}"}
    async with client_of(stage.address(shop, "staff"), headers) as client:
        await client.send({"id": "1", "type": "subscribe", "payload": {"query": SYNCS}})
        refused = await client.read()
    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "PERMISSION_DENIED"
