"""GraphiQL: where it is shown, with what in it, and what its page may load."""

import re
from typing import Literal

import httpx
import pytest
from graphql import build_schema, get_introspection_query, parse, validate
from tests.support.shop import Shop

from shuke_core.settings import Settings
from shuke_schema import examples
from shuke_schema.asgi import create_app
from shuke_schema.composition import compose
from shuke_schema.http.document import read_document
from shuke_schema.http.limits import MEMBER, STAFF, Limits
from shuke_schema.parts import Audience


async def _page(shop: Shop, env: Literal["demo", "production"]) -> httpx.Response:
    app = create_app(Settings(env=env, hosts="shuke"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        return await client.get(
            f"/t/{shop.slug}/member/graphql", headers={"accept": "text/html,*/*;q=0.8"}
        )


async def test_a_demo_shows_it_with_the_examples(shop: Shop) -> None:
    answer = await _page(shop, "demo")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "query Card {\\n" in answer.text
    assert "Welcome to GraphiQL" not in answer.text


async def test_its_policy_names_every_script_of_the_page(shop: Shop) -> None:
    answer = await _page(shop, "demo")
    policy = answer.headers["content-security-policy"]
    loaded = set(re.findall(r'<script[^>]*src="(https://[^/]+)/', answer.text))
    assert loaded
    assert all(origin in policy for origin in loaded)
    assert policy.count("'sha256-") == answer.text.count("<script>") == 1
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


async def test_production_does_not_show_it(shop: Shop) -> None:
    answer = await _page(shop, "production")
    assert answer.status_code == 405
    assert "GraphiQL" not in answer.text


@pytest.mark.parametrize(
    ("audience", "text", "limits", "first"),
    [
        (Audience.MEMBER, examples.MEMBER, MEMBER, "Card"),
        (Audience.STAFF, examples.STAFF, STAFF, "Who"),
    ],
)
def test_the_examples_fit_schema_and_limits(
    audience: Audience, text: str, limits: Limits, first: str
) -> None:
    assert next(iter(read_document(text, limits).operations)) == first
    assert validate(build_schema(compose(audience, []).as_str()), parse(text)) == []


async def test_the_query_that_it_asks_first_is_within_the_limits(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": get_introspection_query(input_value_deprecation=True)},
    )
    assert answer.json()["data"]["__schema"]["queryType"]["name"] == "Query"
