"""The member API at one tenant's address knows nothing of another tenant's tokens and cursors."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from tests.support.full_tenants import FullTenant, Pair
from tests.support.without_filters import filters_removed

from shuke_schema.asgi import create_app

ME = "{ me { id cardNo points { balance } orders(first: 1) { edges { node { id } cursor } } } }"
AFTER = "query ($c: String!) { me { orders(after: $c) { edges { cursor } } } }"


@pytest_asyncio.fixture
async def web(pair: Pair) -> AsyncIterator[httpx.AsyncClient]:
    """The app without a network."""
    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client


async def _ask(
    web: httpx.AsyncClient, at: FullTenant, token: str, query: str = ME, **variables: str
) -> tuple[int, Any]:
    answer = await web.post(
        f"/t/{at.shop.slug}/member/graphql",
        json={"query": query, "variables": variables},
        headers={"authorization": f"Bearer {token}"},
    )
    return answer.status_code, answer.json()


async def _foreign_as_unknown(web: httpx.AsyncClient, pair: Pair) -> None:
    one, other = pair.one, pair.other
    status, answer = await _ask(web, one, one.handles.token)
    assert (status, answer["data"]["me"]["id"]) == (200, str(one.handles.member_id))

    foreign = await _ask(web, one, other.handles.token)
    assert foreign == await _ask(web, one, secrets.token_urlsafe(32))
    assert (foreign[0], foreign[1]["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INVALID")

    _, answer = await _ask(web, other, other.handles.token)
    own_cursor = answer["data"]["me"]["orders"]["edges"][0]["cursor"]
    status, answer = await _ask(web, other, other.handles.token, AFTER, c=own_cursor)
    assert "errors" not in answer
    foreign = await _ask(web, one, one.handles.token, AFTER, c=own_cursor)
    assert foreign == await _ask(web, one, one.handles.token, AFTER, c=secrets.token_urlsafe(27))
    assert foreign[1]["errors"][0]["extensions"]["code"] == "CURSOR_INVALID"


async def test_a_foreign_token_and_cursor_are_answered_as_unknown_ones(
    web: httpx.AsyncClient, pair: Pair
) -> None:
    await _foreign_as_unknown(web, pair)


async def test_row_security_alone_answers_the_same(web: httpx.AsyncClient, pair: Pair) -> None:
    with filters_removed() as removed:
        await _foreign_as_unknown(web, pair)
    assert removed.filters > 15
    assert removed.left == []


async def test_a_tenant_that_is_not_there_is_unknown(web: httpx.AsyncClient, pair: Pair) -> None:
    answer = await web.post(
        "/t/nobody/member/graphql",
        json={"query": ME},
        headers={"authorization": f"Bearer {pair.one.handles.token}"},
    )
    code = answer.json()["errors"][0]["extensions"]["code"]
    assert (answer.status_code, code) == (404, "TENANT_UNKNOWN")
