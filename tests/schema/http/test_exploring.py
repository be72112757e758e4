"""GET in production: queries of staff who may explore the API, and nothing else of anybody."""

from dataclasses import replace
from typing import Any

import httpx
from tests.schema.http.arcade import arcade
from tests.support.shop import Shop

from shuke_core.settings import Settings
from shuke_schema.asgi import create_app
from shuke_schema.http.limits import MEMBER, Bucket
from shuke_schema.http.rates import Rates

PHONE = "138 0013 8000"
QUERY = "{ viewer { handle } }"
MUTATION = 'mutation { disablePlugin(key: "retail") { errors { code } } }'


async def _get(
    rates: Rates, shop: Shop, headers: dict[str, str], audience: str = "staff", **asked: str
) -> httpx.Response:
    app = create_app(Settings(env="production", hosts="shuke"), rates)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://shuke"
    ) as client:
        return await client.get(f"/t/{shop.slug}/{audience}/graphql", params=asked, headers=headers)


def _told(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def test_who_may_explore_asks_by_get(rates: Rates, shop: Shop) -> None:
    answer = await _get(rates, shop, await shop.staff_login("admin"), query=QUERY)
    assert (answer.status_code, answer.json()["data"]) == (200, {"viewer": {"handle": "admin"}})


async def test_others_are_refused_as_if_there_were_no_get(rates: Rates, shop: Shop) -> None:
    clerk, member = await shop.staff_login("clerk"), await shop.login(PHONE)
    wrong = {"authorization": "Bearer wrong"}
    for headers, audience in (
        (clerk, "staff"),
        ({}, "staff"),
        (wrong, "staff"),
        (member, "member"),
    ):
        for query in ("{ __typename }", "{ nonsense", MUTATION):
            answer = await _get(rates, shop, headers, audience, query=query)
            assert _told(answer) == (405, "METHOD_REFUSED"), (audience, headers, query)


async def test_a_mutation_by_get_is_refused_and_does_nothing(rates: Rates, shop: Shop) -> None:
    admin = await shop.staff_login("admin")
    before = await shop.rows("SELECT count(*) AS n FROM audit_entry WHERE tenant_id = $1")
    answer = await _get(rates, shop, admin, query="mutation { __typename }")
    assert _told(answer) == (405, "METHOD_REFUSED")
    answer = await _get(rates, shop, admin, query=MUTATION)
    assert _told(answer) == (405, "METHOD_REFUSED")
    assert await shop.rows("SELECT count(*) AS n FROM audit_entry WHERE tenant_id = $1") == before


async def test_the_page_of_the_ide_stays_closed_to_them(rates: Rates, shop: Shop) -> None:
    headers = {**await shop.staff_login("admin"), "accept": "text/html"}
    answer = await _get(rates, shop, headers)
    assert answer.status_code == 406
    assert "<html" not in answer.text


async def test_looking_at_who_asks_is_counted(rates: Rates, shop: Shop) -> None:
    limits = replace(MEMBER, caller=Bucket(2, 0.001))
    transport = httpx.ASGITransport(arcade(rates, limits))
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        answers = [
            await client.get(
                f"/t/{shop.slug}/graphql?query={{hello}}", headers={"authorization": "Bearer x"}
            )
            for _ in range(4)
        ]
    assert _told(answers[0]) == (405, "METHOD_REFUSED")
    assert _told(answers[-1]) == (429, "RATE_LIMITED")
