"""The webhook door: every answer with its status and code, and what it left behind."""

from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.shop import Shop

from shuke_core.integrations.signatures import sign
from shuke_core.kit import clock
from shuke_core.kit.faults import DatabaseAway
from shuke_schema.http import hooks


def _address(shop: Shop) -> str:
    return f"/t/{shop.slug}/hooks/till"


async def _post(
    client: httpx.AsyncClient, shop: Shop, *tickets: Any, message_id: str | None = None
) -> httpx.Response:
    headers, body = shop.message(tickets, message_id)
    return await client.post(_address(shop), headers=headers, content=body)


async def _inbox(shop: Shop) -> int:
    return len(await shop.rows("SELECT id FROM inbox WHERE tenant_id = $1"))


async def test_a_signed_message_is_taken(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await _post(client, shop, shop.ticket(), shop.ticket(), message_id="msg_1")
    assert (answer.status_code, answer.json()) == (
        202,
        {"message": "msg_1", "tickets": 2, "state": "taken"},
    )


async def test_a_known_message_is_answered_200_without_a_second_effect(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ticket = shop.ticket()
    await _post(client, shop, ticket, message_id="msg_1")
    answer = await _post(client, shop, ticket, message_id="msg_1")
    assert (answer.status_code, answer.json()["state"]) == (200, "known")
    assert await _inbox(shop) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhook-signature": "v1,bm90IGl0"}, "SIGNATURE_INVALID"),
        ({"webhook-signature": None}, "SIGNATURE_MISSING"),
        ({"webhook-id": None}, "SIGNATURE_MISSING"),
        ({"webhook-timestamp": "1"}, "TIMESTAMP_STALE"),
    ],
)
async def test_an_unsigned_forged_or_stale_message_is_401_and_nothing_is_stored(
    client: httpx.AsyncClient, shop: Shop, change: dict[str, str | None], code: str
) -> None:
    headers, body = shop.message([shop.ticket()])
    sent = {k: v for k, v in {**headers, **change}.items() if v is not None}
    answer = await client.post(_address(shop), headers=sent, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert await _inbox(shop) == 0


async def test_malformed_json_is_400(client: httpx.AsyncClient, shop: Shop) -> None:
    moment = int(clock.now().timestamp())
    answer = await client.post(
        _address(shop),
        content=b"{",
        headers={
            "webhook-id": "m",
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(shop.secret, "m", moment, b"{"),
        },
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MESSAGE_MALFORMED")
    assert await _inbox(shop) == 0


@pytest.mark.parametrize("address", ["/t/nobody/hooks/till", "/t/nobody/hooks/x"])
async def test_an_unknown_tenant_is_404(
    client: httpx.AsyncClient, shop: Shop, address: str
) -> None:
    headers, body = shop.message([shop.ticket()])
    answer = await client.post(address, headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "TENANT_UNKNOWN")


async def test_an_unknown_integration_is_404(client: httpx.AsyncClient, shop: Shop) -> None:
    headers, body = shop.message([shop.ticket()])
    answer = await client.post(f"/t/{shop.slug}/hooks/erp", headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "INTEGRATION_UNKNOWN")


async def test_a_body_past_a_mebibyte_is_413_before_it_is_read_whole(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 65_536

    answer = await client.post(_address(shop), content=endless())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "BODY_TOO_LARGE")
    assert read < 20


async def test_the_sender_can_ask_how_its_messages_are_doing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(shop.ticket(phone="13800138000"), shop.ticket(phone="138****8000"))
    await shop.send(shop.ticket())
    before = (await _progress(client, shop)).json()
    assert before["messages"] == {"received": 2, "pending": 1, "dead": 0}
    assert before["webhook_to_points_seconds"] == {"p50": None, "p99": None}
    await shop.work()
    await shop.work()
    after = (await _progress(client, shop)).json()
    assert after["tickets"] == {"accepted": 2, "known": 0, "quarantined": 1}
    assert after["events_behind"] == 0
    assert 0 < after["webhook_to_points_seconds"]["p50"] < 60


async def _progress(client: httpx.AsyncClient, shop: Shop) -> httpx.Response:
    moment = int((clock.now() + timedelta(seconds=1)).timestamp())
    return await client.get(
        _address(shop),
        headers={
            "webhook-id": "look",
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(shop.secret, "look", moment, b""),
        },
    )


async def test_nobody_else_can_ask(client: httpx.AsyncClient, shop: Shop) -> None:
    assert (await client.get(_address(shop))).status_code == 401


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (asyncpg.DiskFullError("could not extend file"), 503, "UNAVAILABLE"),
        (asyncpg.CannotConnectNowError("starting up"), 503, "UNAVAILABLE"),
        (DatabaseAway("5432"), 503, "UNAVAILABLE"),
        (ValueError("13800138000"), 500, "INTERNAL"),
    ],
)
async def test_a_fault_of_ours_is_masked_and_tells_whether_to_try_again(
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    status: int,
    code: str,
) -> None:
    async def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(hooks, "receive_message", fails)
    answer = await _post(client, shop, shop.ticket())
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert str(fault) not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_healthz_looks_at_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"state": "up"}
