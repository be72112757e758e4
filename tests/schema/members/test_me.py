"""`me`: card, masked phone, balance, what lapses soon, movements, orders; one statement in all."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection

PHONE = "13800138000"
PAGE = """
query Me($days: Int! = 400, $first: Int! = 2, $after: String) {
  me {
    cardNo maskedPhone joinedAt
    points {
      balance debt
      expiringSoon(days: $days) { points expiresAt }
      entries(first: $first, after: $after) {
        edges { node { id kind points at } } pageInfo { hasNextPage endCursor }
      }
    }
    orders(first: $first) {
      edges { node { id no state store { code name } paidAt total { fen currency } refunded { fen } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


async def _ask(
    client: httpx.AsyncClient, shop: Shop, document: str = PAGE, **variables: Any
) -> dict[str, Any]:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": document, "variables": variables},
        headers=await shop.login(PHONE),
    )
    body: dict[str, Any] = answer.json()
    return body


async def test_a_visitor_is_nobody(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await client.post(f"/t/{shop.slug}/member/graphql", json={"query": "{me{id}}"})
    assert answer.json()["data"] == {"me": None}


async def test_the_whole_page(client: httpx.AsyncClient, shop: Shop) -> None:
    sale = shop.ticket(phone=PHONE, total="12.50", store="S2", no="A-1")
    await shop.sold(sale)
    await shop.sold(shop.refund(sale, "2.50"))
    body = await _ask(client, shop)
    assert "errors" not in body
    me = body["data"]["me"]
    assert len(me["cardNo"]) == 16
    assert me["maskedPhone"] == "138****8000"
    assert (me["points"]["balance"], me["points"]["debt"]) == (10, 0)
    assert [lot["points"] for lot in me["points"]["expiringSoon"]] == [10]
    entries = [edge["node"] for edge in me["points"]["entries"]["edges"]]
    assert [(e["kind"], e["points"]) for e in entries] == [("CLAW_BACK", -2), ("EARN", 12)]
    (order,) = [edge["node"] for edge in me["orders"]["edges"]]
    assert (order["no"], order["state"]) == ("A-1", "PARTLY_REFUNDED")
    assert order["store"] == {"code": "S2", "name": "二店"}
    assert (order["total"], order["refunded"]) == ({"fen": 1250, "currency": "CNY"}, {"fen": 250})


async def test_lists_can_be_walked_to_their_end_without_a_double(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    at = clock.now()
    await shop.sold(
        *[shop.ticket(phone=PHONE, at=(at - timedelta(hours=n // 2)).isoformat()) for n in range(5)]
    )
    seen: list[str] = []
    after = None
    while True:
        page = (await _ask(client, shop, after=after))["data"]["me"]["points"]["entries"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"after": "made-up"}, "CURSOR_INVALID"), ({"first": 101}, "PAGE_SIZE_INVALID"),
     ({"first": 0}, "PAGE_SIZE_INVALID")],
)  # fmt: skip
async def test_wrong_pages_are_refused_with_a_code(
    client: httpx.AsyncClient, shop: Shop, variables: dict[str, Any], code: str
) -> None:
    body = await _ask(client, shop, **variables)
    assert {error["extensions"]["code"] for error in body["errors"]} == {code}


async def test_a_cursor_of_another_tenant_is_refused(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    for each in (shop, other_shop):
        await each.sold(*[each.ticket(phone=PHONE) for _ in range(3)])
    theirs = (await _ask(client, other_shop))["data"]["me"]["points"]["entries"]
    body = await _ask(client, shop, after=theirs["pageInfo"]["endCursor"])
    assert body["errors"][0]["extensions"]["code"] == "CURSOR_INVALID"


async def test_a_member_who_has_bought_nothing_has_an_empty_page(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.member(PHONE)
    me = (await _ask(client, shop))["data"]["me"]
    assert me["points"]["balance"] == 0
    assert me["points"]["expiringSoon"] == []
    assert me["points"]["entries"]["edges"] == me["orders"]["edges"] == []


async def test_points_whose_time_has_passed_do_not_count_before_the_nightly_run(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(shop.ticket(phone=PHONE))
    login = await shop.login(PHONE)
    with clock.held_at(clock.now() + timedelta(days=29)):
        await shop.rows(
            "UPDATE ledger_lot SET expires_at = $2 WHERE tenant_id = $1 RETURNING id", clock.now()
        )
        answer = await client.post(
            f"/t/{shop.slug}/member/graphql",
            json={"query": "{me{points{balance expiringSoon(days:600){points}}}}"},
            headers=login,
        )
    assert answer.json()["data"]["me"]["points"] == {"balance": 0, "expiringSoon": []}


async def test_the_page_takes_two_statements_however_many_rows(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.sold(*[shop.ticket(phone=PHONE) for _ in range(30)])
    await shop.login(PHONE)
    said: list[str] = []
    ways = {name: getattr(UnitConnection, name) for name in ("fetch", "fetch_value", "read")}

    def counted(name: str) -> Any:
        async def count(self: UnitConnection, sql: str, *values: object) -> Any:
            said.append(sql)
            return await ways[name](self, sql, *values)

        return count

    await _ask(client, shop)
    for name in ways:
        monkeypatch.setattr(UnitConnection, name, counted(name))
    for first in (1, 30):
        said.clear()
        body = await client.post(
            f"/t/{shop.slug}/member/graphql",
            json={"query": PAGE, "variables": {"first": first}},
            headers=shop.headers[PHONE],
        )
        assert len(body.json()["data"]["me"]["orders"]["edges"]) == first
        # whose token it is and all of the page; the tenant's keys and card are at hand
        assert len(said) == 1, said
