"""Staff find members: by id, card, phone, the beginning of a name; and see orders and points."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_schema.http.rates import Rates

PHONE = "13800138000"
FIELDS = "{ id cardNo name maskedPhone points { balance } }"
BY_PHONE = f"query ($p: String!) {{ memberByPhone(phone: $p) {FIELDS} }}"
NAMED = """
query ($prefix: String, $first: Int! = 2, $after: String) {
  members(namePrefix: $prefix, first: $first, after: $after) {
    edges { node { name cardNo } } pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture
def client(guarded_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """With rate limits in Redis: without them nobody may look a phone up."""
    return guarded_client


async def _sold(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50", name="王小明", no="A-1"))


async def test_a_member_is_found_by_phone_however_it_is_written(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await _sold(shop)
    found = await data(client, shop, BY_PHONE, "clerk", p="+86 138-0013-8000")
    member = found["memberByPhone"]
    assert (member["name"], member["maskedPhone"]) == ("王小明", "138****8000")
    assert member["points"] == {"balance": 12}
    assert (await data(client, shop, BY_PHONE, "clerk", p="13900139000"))["memberByPhone"] is None
    assert code_of(await ask(client, shop, BY_PHONE, "clerk", p="138")) == "PHONE_UNREADABLE"


async def test_by_id_and_by_card_with_orders_and_ledger(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await _sold(shop)
    member = (await data(client, shop, BY_PHONE, p=PHONE))["memberByPhone"]
    page = """
    query ($id: ID!, $card: String!) {
      member(id: $id) {
        points { entries { edges { node { kind points } } } }
        orders { edges { node { no total { fen } store { code } } } }
      }
      memberByCard(cardNo: $card) { id }
    }
    """
    found = await data(client, shop, page, id=member["id"], card=member["cardNo"])
    assert found["memberByCard"] == {"id": member["id"]}
    (entry,) = found["member"]["points"]["entries"]["edges"]
    assert entry["node"] == {"kind": "EARN", "points": 12}
    (order,) = found["member"]["orders"]["edges"]
    assert order["node"] == {"no": "A-1", "total": {"fen": 1250}, "store": {"code": "S1"}}


async def test_an_unknown_a_foreign_and_an_impossible_id_are_answered_alike(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    theirs = str(await other_shop.member(PHONE))
    asked = (
        "query ($id: ID!, $c: String!) { member(id: $id) { id } memberByCard(cardNo: $c) { id } }"
    )
    answers = [
        await data(client, shop, asked, id=each, c="1") for each in (theirs, str(uuid4()), "x")
    ]
    assert answers == [{"member": None, "memberByCard": None}] * 3


async def _pages(client: httpx.AsyncClient, shop: Shop, **variables: Any) -> list[str]:
    names: list[str] = []
    after = None
    while True:
        page = (await data(client, shop, NAMED, after=after, **variables))["members"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return names
        after = page["pageInfo"]["endCursor"]


async def test_members_are_listed_by_the_beginning_of_their_name_to_the_end(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    names = ["王", "王小明", "王小明", "王一", "汪洋", "Wang", "玊", "王\U0010fffd"]
    await shop.sold(
        *[
            shop.ticket(phone=f"1380013{n:04}", name=name)
            for n, name in enumerate([*names, "%", "_"])
        ]
    )
    mine = sorted(name for name in names if name.startswith("王"))
    assert await _pages(client, shop, prefix="王") == mine
    assert await _pages(client, shop, prefix="王小") == ["王小明", "王小明"]
    assert await _pages(client, shop, prefix="%") == ["%"]  # no pattern, a letter
    assert await _pages(client, shop, prefix="Z") == []
    assert len(await _pages(client, shop)) == 10
    assert len(await _pages(client, shop, prefix="")) == 10


async def test_a_cursor_carries_no_name_and_belongs_to_its_list(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(*[shop.ticket(phone=f"1380013000{n}", name="王小明") for n in range(3)])
    page = (await data(client, shop, NAMED, prefix="王"))["members"]
    refused = await ask(client, shop, NAMED, after=page["pageInfo"]["endCursor"])
    assert code_of(refused) == "CURSOR_INVALID"


async def test_a_cursor_whose_member_has_no_name_any_more_is_refused_and_ends_no_list(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for n, name in enumerate(["王一", "王三", "王二", "王五"]):
        await shop.sold(shop.ticket(phone=f"1380013000{n}", name=name))
    page = (await data(client, shop, NAMED, prefix="王"))["members"]
    assert page["pageInfo"]["hasNextPage"]
    after, last = page["pageInfo"]["endCursor"], page["edges"][-1]["node"]["name"]
    renamed = f"{last}白"
    await _name(shop, last, renamed)
    following = (await data(client, shop, NAMED, prefix="王", after=after))["members"]
    shown = [edge["node"]["name"] for edge in following["edges"]]
    assert shown == sorted(name for name in ["王一", "王三", "王二", "王五"] if name > last)
    await _name(shop, renamed, None)
    assert code_of(await ask(client, shop, NAMED, prefix="王", after=after)) == "CURSOR_INVALID"


async def _name(shop: Shop, name: str, new: str | None) -> None:
    changed = await shop.rows(
        "UPDATE member SET name = $3 WHERE tenant_id = $1 AND name = $2 RETURNING id", name, new
    )
    assert len(changed) == 1


async def test_the_till_names_who_has_no_name_and_staff_rename(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(shop.ticket(phone=PHONE))
    await shop.sold(shop.ticket(phone=PHONE, name=" 王\u3000小明 "))
    await shop.sold(shop.ticket(phone=PHONE, name="别人"), shop.ticket(name="x" * 500))
    member = (await data(client, shop, BY_PHONE, p=PHONE))["memberByPhone"]
    assert member["name"] == "王 小明"
    rename = """
    mutation ($id: ID!, $name: String!) {
      renameMember(id: $id, name: $name) { member { name } errors { code path } }
    }
    """
    done = await data(client, shop, rename, "clerk", id=member["id"], name="王大明")
    assert done["renameMember"] == {"member": {"name": "王大明"}, "errors": []}
    for given, code, path in (
        ({"id": member["id"], "name": " "}, "MEMBER_NAME_INVALID", "name"),
        ({"id": str(uuid4()), "name": "王"}, "MEMBER_UNKNOWN", "id"),
        ({"id": "x", "name": "王"}, "MEMBER_UNKNOWN", "id"),
    ):
        done = await data(client, shop, rename, "clerk", **given)
        assert done["renameMember"] == {"member": None, "errors": [{"code": code, "path": [path]}]}
    found = await data(client, shop, BY_PHONE, p=PHONE)
    assert found["memberByPhone"]["name"] == "王大明"


async def test_a_phone_is_looked_up_once_a_document_and_in_bounds(
    client: httpx.AsyncClient, shop: Shop, rates: Rates
) -> None:
    twice = '{ a: memberByPhone(phone: "1") { id } b: memberByPhone(phone: "2") { id } }'
    assert code_of(await ask(client, shop, twice)) == "GUARDED_FIELD_REPEATED"
    answers = [await ask(client, shop, BY_PHONE, "clerk", p="13900139000") for _ in range(32)]
    codes = [code_of(body) if "errors" in body else None for body in answers]
    assert codes[:30] == [None] * 30
    assert codes[31] == "RATE_LIMITED"
