"""GraphQL over HTTP: requests that never become an operation, errors with codes, faults masked."""

import httpx
import pytest
from tests.support.shop import Shop

from shuke_schema.projection import executor


def _address(shop: Shop) -> str:
    return f"/t/{shop.slug}/member/graphql"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"7", b'{"query":7}', b'{"query":"{me{id}}","variables":[]}',
     b'{"query":"{me{id}}","operationName":7}'],
)  # fmt: skip
async def test_what_is_not_a_request_is_400(
    client: httpx.AsyncClient, shop: Shop, body: bytes
) -> None:
    answer = await client.post(
        _address(shop), content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "REQUEST_MALFORMED"


async def test_an_unknown_tenant_is_404(client: httpx.AsyncClient) -> None:
    answer = await client.post("/t/nobody/member/graphql", json={"query": "{me{id}}"})
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "TENANT_UNKNOWN"


async def test_an_invalid_token_is_401(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await client.post(
        _address(shop),
        json={"query": "{me{id}}"},
        headers={"authorization": "Bearer made-up"},
    )
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"


@pytest.mark.parametrize("document", ["{", "{ me { nothing } }", "{ nobody }"])
async def test_a_wrong_document_is_told_with_a_code(
    client: httpx.AsyncClient, shop: Shop, document: str
) -> None:
    answer = (await client.post(_address(shop), json={"query": document})).json()
    assert answer["errors"][0]["extensions"]["code"] == "DOCUMENT_INVALID"
    assert "data" not in answer


async def test_a_fault_is_masked_behind_an_id(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("13800138000")

    monkeypatch.setattr(executor, "ask", fails)
    answer = await client.post(
        _address(shop), json={"query": "{me{id}}"}, headers=await _login(shop)
    )
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "13800138000" not in answer.text


async def _login(shop: Shop) -> dict[str, str]:
    return await shop.login("13800138000")


async def test_a_browser_gets_graphiql(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await client.get(_address(shop), headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert "GraphiQL" in answer.text
