"""A query of oneself finds the member by the token itself, and refuses as any other does."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.shop import Shop
from tests.support.statements import as_any_read

from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.services import log_out

PHONE = "13800138000"
PAGE = "{ me { cardNo points { balance } orders(first: 2) { edges { node { no } } } } }"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that requests make, besides BEGIN and COMMIT."""
    made: list[str] = []
    rows, value, read = UnitConnection.fetch, UnitConnection.fetch_value, UnitConnection.read

    async def fetch_noted(self: UnitConnection, sql: str, *values: object) -> Any:
        made.append(sql)
        return await rows(self, sql, *values)

    async def value_noted(self: UnitConnection, sql: str, *values: object) -> Any:
        made.append(sql)
        return await value(self, sql, *values)

    async def read_noted(self: UnitConnection, sql: str, *values: object) -> Any:
        made.append(sql)
        return await read(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "fetch", fetch_noted)
    monkeypatch.setattr(UnitConnection, "read", read_noted)
    monkeypatch.setattr(UnitConnection, "read_apart", as_any_read)
    monkeypatch.setattr(UnitConnection, "fetch_value", value_noted)
    return made


async def _post(
    client: httpx.AsyncClient, shop: Shop, document: str, headers: dict[str, str]
) -> tuple[int, Any]:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql", json={"query": document}, headers=headers
    )
    return answer.status_code, answer.json()


async def test_a_known_page_of_oneself_is_one_statement_and_says_the_same(
    client: httpx.AsyncClient, shop: Shop, asked: list[str]
) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50", no="A-1"))
    login = await shop.login(PHONE)
    first = await _post(client, shop, PAGE, login)
    asked.clear()
    assert await _post(client, shop, PAGE, login) == first
    # Which plugins are on is looked up anew each two seconds.
    (page,) = [sql for sql in asked if "plugin_switch" not in sql]
    assert "member_token" in page
    assert first[1]["data"]["me"]["points"]["balance"] == 12


@pytest.mark.parametrize(
    "document",
    [
        "{ me { cardNo } again: me { cardNo } }",
        "{ me @include(if: false) { cardNo } }",
        "{ ... { me { cardNo } } }",
        "{ __typename }",
    ],
)
async def test_others_look_the_token_up_first(
    client: httpx.AsyncClient, shop: Shop, asked: list[str], document: str
) -> None:
    login = await shop.login(PHONE)
    await _post(client, shop, document, login)
    asked.clear()
    await _post(client, shop, document, login)
    assert asked[0].startswith("SELECT t.member_id FROM member_token")
    wrong = await _post(client, shop, document, {"authorization": "Bearer made-up"})
    assert (wrong[0], wrong[1]["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INVALID")


async def test_a_token_that_does_not_hold_is_401_to_the_letter(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    made_up = {"authorization": "Bearer made-up"}
    before = await _post(client, shop, PAGE, made_up)
    assert (before[0], before[1]["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INVALID")
    assert "data" not in before[1]
    login = await shop.login(PHONE)
    assert (await _post(client, shop, PAGE, login))[0] == 200
    assert await _post(client, shop, PAGE, made_up) == before
    assert await _post(client, shop, PAGE, await other_shop.login(PHONE)) == before

    with clock.held_at(clock.now() + timedelta(days=31)):
        assert await _post(client, shop, PAGE, login) == before
    async with unit_of_work(shop.tenant_id):
        await fetch("UPDATE member SET state = 'erased' WHERE tenant_id = $1")
    assert await _post(client, shop, PAGE, login) == before
    async with unit_of_work(shop.tenant_id):
        await fetch("UPDATE member SET state = 'active' WHERE tenant_id = $1")
    assert (await _post(client, shop, PAGE, login))[0] == 200
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await log_out(member_id)
    assert await _post(client, shop, PAGE, login) == before


async def test_variables_are_refused_only_to_who_has_a_token_that_holds(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    document = "query A($n: Int!) { me { orders(first: $n) { edges { node { no } } } } }"
    login = await shop.login(PHONE)
    first = await _post(client, shop, document, login)
    assert first[1]["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID"
    assert await _post(client, shop, document, login) == first
    wrong = await _post(client, shop, document, {"authorization": "Bearer made-up"})
    assert (wrong[0], wrong[1]["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INVALID")


async def test_a_visitor_is_still_nobody(client: httpx.AsyncClient, shop: Shop) -> None:
    await _post(client, shop, PAGE, await shop.login(PHONE))
    assert await _post(client, shop, PAGE, {}) == (
        200,
        {"data": {"me": None}, "extensions": {"cost": {"asked": 7, "most": 5000}}},
    )
