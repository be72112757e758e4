"""Log-in without proof exists in a demo on this machine's own database and address, nowhere else."""

import asyncio
from math import ceil
from time import monotonic
from typing import Any

import httpx
import pytest
from tests.support.shop import Shop

from shuke_core.settings import Settings
from shuke_schema.asgi import create_app
from shuke_schema.http.rates import Rates

PHONE = "13800138000"
DEMO: dict[str, Any] = {"env": "demo", "hosts": "shuke", "host": "127.0.0.1"}


def _client(
    rates: Rates, host: str | None = None, source: str = "127.0.0.1", **settings: Any
) -> httpx.AsyncClient:
    app = create_app(Settings(**DEMO | settings), rates, host=host)
    transport = httpx.ASGITransport(app, client=(source, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://shuke")


async def _ask(client: httpx.AsyncClient, shop: Shop, body: Any) -> httpx.Response:
    return await client.post(f"/t/{shop.slug}/demo/login", json=body)


async def _log_in(rates: Rates, shop: Shop, body: Any, **more: Any) -> httpx.Response:
    async with _client(rates, **more) as client:
        return await _ask(client, shop, body)


@pytest.mark.parametrize(
    ("body", "audience", "asked"),
    [({"phone": "138 0013 8000"}, "member", "me { cardNo }"),
     ({"staff": "admin"}, "staff", "viewer { handle }")],
)  # fmt: skip
async def test_in_a_demo_a_token_comes_of_it(
    body: Any, audience: str, asked: str, client: httpx.AsyncClient, rates: Rates, shop: Shop
) -> None:
    await shop.member(PHONE)
    await shop.staff_login()
    answer = await _log_in(rates, shop, body)
    told = await client.post(
        f"/t/{shop.slug}/{audience}/graphql",
        json={"query": f"{{ {asked} }}"},
        headers={"authorization": f"Bearer {answer.json()['token']}"},
    )
    assert "errors" not in told.json()
    assert None not in told.json()["data"].values()


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"env": "production"}, None),
        ({"env": "test"}, None),
        ({"database_url": "postgresql://shuke_app@db/shuke"}, None),
        ({}, "0.0.0.0"),  # noqa: S104 (just what must not open the route)
        ({}, "::"),
        ({}, "192.0.2.7"),
        ({}, "shuke.example"),
    ],
)
async def test_where_one_of_the_three_fails_the_route_does_not_exist(
    settings: dict[str, Any], host: str | None, rates: Rates, shop: Shop
) -> None:
    await shop.member(PHONE)
    answer = await _log_in(rates, shop, {"phone": PHONE}, host=host, **settings)
    assert answer.status_code == 404
    assert "token" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "::1", "[::1]", "127.0.0.2"])
async def test_any_address_of_this_machine_alone_will_do(
    host: str, rates: Rates, shop: Shop
) -> None:
    await shop.member(PHONE)
    assert (await _log_in(rates, shop, {"phone": PHONE}, host=host)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"phone": "13900139000"}, 404, "MEMBER_UNKNOWN"),
        ({"phone": "x"}, 400, "PHONE_UNREADABLE"),
        ({"staff": "nobody"}, 404, "STAFF_UNKNOWN"),
        ({"phone": PHONE, "staff": "admin"}, 400, "REQUEST_MALFORMED"),
        ({"phone": 7}, 400, "REQUEST_MALFORMED"),
        ({}, 400, "REQUEST_MALFORMED"),
        ([], 400, "REQUEST_MALFORMED"),
        ({"staff": "x" * 2_000}, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_what_names_nobody_is_refused(
    body: Any, status: int, code: str, rates: Rates, shop: Shop
) -> None:
    answer = await _log_in(rates, shop, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_only_json_is_taken(shop: Shop) -> None:
    app = create_app(Settings(**DEMO))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://shuke"
    ) as client:
        answer = await client.post(
            f"/t/{shop.slug}/demo/login",
            content='{"staff": "admin"}',
            headers={"content-type": "text/plain"},
        )
    assert answer.status_code == 415


async def test_a_source_may_try_sixty_times_and_then_one_a_second(
    rates: Rates, shop: Shop, other_shop: Shop
) -> None:
    await shop.member(PHONE)
    start = monotonic()
    async with _client(rates) as client:
        answers = await asyncio.gather(*(_ask(client, shop, {"phone": PHONE}) for _ in range(80)))
    most = 60 + ceil(monotonic() - start)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 80 - most <= len(refused) <= 20
    assert {(r.status_code, r.json()["error"]["code"]) for r in refused} == {(429, "RATE_LIMITED")}
    assert (await _log_in(rates, shop, {"phone": PHONE}, source="127.0.0.2")).status_code == 200
    await other_shop.member(PHONE)
    assert (await _log_in(rates, other_shop, {"phone": PHONE})).status_code == 200


async def test_without_redis_nobody_is_let_in(shop: Shop) -> None:
    await shop.member(PHONE)
    answer = await _log_in(Rates(None), shop, {"phone": PHONE})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "GUARD_UNAVAILABLE")
