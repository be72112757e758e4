"""The guards of the door one by one, as a closed endpoint in production answers."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.schema.http.arcade import arcade
from tests.support.shop import Shop

from shuke_schema.http.limits import Limits
from shuke_schema.http.rates import Rates

RESPONSE = "application/graphql-response+json"


def _client(**options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(arcade(**options), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shuke")


@pytest_asyncio.fixture
async def closed(rates: Rates) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(rates=rates) as client:
        yield client


@pytest_asyncio.fixture
async def opened(rates: Rates) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(rates=rates, open_to_get=True, may_introspect=lambda _: True) as client:
        yield client


def _told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def _ask(
    client: httpx.AsyncClient, shop: Shop, query: str, accept: str = RESPONSE, **body: Any
) -> httpx.Response:
    return await client.post(
        f"/t/{shop.slug}/graphql", json={"query": query, **body}, headers={"accept": accept}
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "DOCUMENT_INVALID"),
        ("{nothing}", "DOCUMENT_INVALID"),
        ("{" + "a:hello " * 16 + "}", "ALIASES_TOO_MANY"),
        ("query($n:Int!){games(first:$n){name}}", "VARIABLES_INVALID"),
    ],
)
async def test_a_failure_of_a_document_is_400_and_as_plain_json_200(
    closed: httpx.AsyncClient, shop: Shop, query: str, code: str
) -> None:
    answer = await _ask(closed, shop, query)
    assert _told(answer) == (400, code)
    assert answer.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
    assert "data" not in answer.json()
    plain = await _ask(closed, shop, query, accept="application/json")
    assert _told(plain) == (200, code)
    assert plain.headers["content-type"] == "application/json; charset=utf-8"


async def test_the_cost_is_told(closed: httpx.AsyncClient, shop: Shop) -> None:
    answer = await _ask(closed, shop, "{games(first:2){name}}")
    assert answer.json() == {
        "data": {"games": [{"name": "g.0"}, {"name": "g.1"}]},
        "extensions": {"cost": {"asked": 2, "most": 5000}},
    }


async def test_another_media_type_is_406_and_another_body_415(
    closed: httpx.AsyncClient, shop: Shop
) -> None:
    assert _told(await _ask(closed, shop, "{hello}", accept="text/csv")) == (406, "MEDIA_REFUSED")
    answer = await closed.post(f"/t/{shop.slug}/graphql", content="query={hello}")
    assert _told(answer) == (415, "CONTENT_TYPE_REFUSED")


async def test_get_is_closed_unless_opened(
    closed: httpx.AsyncClient, opened: httpx.AsyncClient, shop: Shop
) -> None:
    address = f"/t/{shop.slug}/graphql"
    refused = await closed.get(address, params={"query": "{hello}"})
    assert _told(refused) == (405, "METHOD_REFUSED")
    assert refused.headers["allow"] == "POST"
    assert _told(await closed.get(address, headers={"accept": "text/html"})) == (
        406,
        "MEDIA_REFUSED",
    )
    asked = {"query": "query($t:String!){hello(to:$t)}", "variables": '{"t":"熟客"}'}
    answer = await opened.get(address, params={**asked, "extensions": "{}", "operationName": ""})
    assert answer.json()["data"] == {"hello": "hello 熟客"}


async def test_a_mutation_by_get_is_refused_and_changes_nothing(
    opened: httpx.AsyncClient, shop: Shop
) -> None:
    params = {"query": 'mutation{addStore(code:"changed")}'}
    answer = await opened.get(f"/t/{shop.slug}/graphql", params=params)
    assert _told(answer) == (405, "METHOD_REFUSED")
    assert "changed" not in await _store_names(shop)


async def _store_names(shop: Shop) -> set[str]:
    return {row["name"] for row in await shop.rows("SELECT name FROM store WHERE tenant_id = $1")}


async def test_the_schema_and_its_names_are_told_only_to_who_may_introspect(
    closed: httpx.AsyncClient, opened: httpx.AsyncClient, shop: Shop
) -> None:
    about = "{__schema{queryType{name}}}"
    assert _told(await _ask(closed, shop, about)) == (400, "INTROSPECTION_REFUSED")
    told = (await _ask(opened, shop, about)).json()["data"]
    assert told == {"__schema": {"queryType": {"name": "Query"}}}
    # A document that was valid for one who may is not for one who may not.
    assert _told(await _ask(closed, shop, about)) == (400, "INTROSPECTION_REFUSED")
    wish = "query($w:[Wish!]!){wish(wishes:$w)}"
    for query, variables in (("{helo}", {}), (wish, {"w": [{"coin": 1, "coins": 1}]})):
        hidden = await _ask(closed, shop, query, variables=variables)
        shown = await _ask(opened, shop, query, variables=variables)
        assert "Did you mean" not in hidden.text
        assert "Did you mean" in shown.text


async def test_an_operation_past_its_time_is_undone(rates: Rates, shop: Shop) -> None:
    slow = 'mutation{addStore(code:"changed",seconds:5)}'
    async with _client(rates=rates, limits=Limits(deadline_seconds=0.2)) as hasty:
        assert _told(await _ask(hasty, shop, slow)) == (503, "DEADLINE_EXCEEDED")
        assert "changed" not in await _store_names(shop)
        answer = await _ask(hasty, shop, 'mutation{addStore(code:"in time")}')
    assert answer.json()["data"] == {"addStore": "in time"}
    assert await _store_names(shop) == {"in time"}


async def test_an_operation_of_several_must_be_named(closed: httpx.AsyncClient, shop: Shop) -> None:
    several = 'query A{hello} query B{hello(to:"B")}'
    assert _told(await _ask(closed, shop, several)) == (400, "OPERATION_UNKNOWN")
    named = await _ask(closed, shop, several, operationName="B")
    assert named.json()["data"] == {"hello": "hello B"}


async def test_numbers_at_the_limits_pass(closed: httpx.AsyncClient, shop: Shop) -> None:
    fitting = (
        "{" + " ".join(f"a{n}:hello" for n in range(10)) + "}",
        "{game{" + " ".join(f"a{n}:name" for n in range(15)) + "}}",
        "{game" + "{next" * 8 + "{name}" + "}" * 8 + "}",
        "{hello " + "@include(if:true) " + "}",
        "{games(first:5000){name}}",
        "{game{" + "name " * 101 + "}}",
    )
    for query in fitting:
        assert (await _ask(closed, shop, query)).status_code == 200, query


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            {"query": "query ($t: String) { hello(to: $t) }", "variables": {"t": "a\0b"}},
            "REQUEST_MALFORMED",
        ),
        ({"query": "{ hello }", "variables": {"a\0b": 1}}, "REQUEST_MALFORMED"),
        ({"query": '{ hello(to: "a\\u0000b") }'}, "DOCUMENT_INVALID"),
        ({"query": 'query ($t: [String!] = ["\\u0000"]) { hello }'}, "DOCUMENT_INVALID"),
    ],
)
async def test_a_nul_is_refused_before_anything_is_asked(
    body: dict[str, Any], code: str, shop: Shop
) -> None:
    transport = httpx.ASGITransport(arcade())
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        answer = await client.post(f"/t/{shop.slug}/graphql", json=body)
        assert answer.json()["errors"][0]["extensions"]["code"] == code
        fine = {"query": '{ hello(to: "\\\\u0000") }'}  # a backslash and five letters
        answer = await client.post(f"/t/{shop.slug}/graphql", json=fine)
        assert answer.json()["data"] == {"hello": "hello \\u0000"}


async def test_an_address_that_can_be_nobodys_is_unknown(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    for path in ("/t/%00/staff/graphql", "/t/a%00b/hooks/till", f"/t/{shop.slug}/hooks/%00"):
        answer = await client.post(path, json={"query": "{ viewer { name } }"})
        assert answer.status_code == 404
