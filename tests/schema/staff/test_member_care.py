"""What staff do about one member: block, note, read the timeline."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.kit.transactions import fetch_value, unit_of_work

PHONE = "13800138000"
NOBODY = "00000000-0000-0000-0000-000000000000"
BLOCK = """
mutation ($id: ID!, $p: BlockPurpose!, $why: String!, $until: DateTime) {
  blockMember(id: $id, purpose: $p, reason: $why, until: $until) {
    member { blocks { purpose reason until by } } errors { code path }
  }
}
"""
UNBLOCK = """
mutation ($id: ID!) {
  unblockMember(id: $id, purpose: POINTS) {
    member { blocks { purpose } } errors { code path }
  }
}
"""
NOTE = """
mutation ($id: ID!, $text: String!) {
  addNote(memberId: $id, text: $text) { note { id text by } errors { code path } }
}
"""
REMOVE = """
mutation ($id: ID!) {
  removeNote(id: $id) {
    member { notes { edges { node { id } } } } errors { code path }
  }
}
"""
TIMELINE = """
query ($id: ID!, $first: Int! = 50, $after: String) {
  member(id: $id) {
    timeline(first: $first, after: $after) {
      edges { node { id kind at what ref by points } } pageInfo { hasNextPage endCursor }
    }
  }
}
"""


@pytest.fixture
def client(guarded_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """With rate limits in Redis: without them nobody may look anybody up."""
    return guarded_client


async def test_a_member_is_blocked_and_let_be(client: httpx.AsyncClient, shop: Shop) -> None:
    asked = {"id": str(await shop.member(PHONE)), "p": "POINTS", "why": "退货过多"}
    done = (await data(client, shop, BLOCK, **asked))["blockMember"]
    block = {"purpose": "POINTS", "reason": "退货过多", "until": None, "by": "小admin"}
    assert done == {"member": {"blocks": [block]}, "errors": []}
    until = "2999-01-01T00:00:00+00:00"
    done = (await data(client, shop, BLOCK, until=until, **asked))["blockMember"]
    assert done["member"]["blocks"] == [block | {"until": until}]
    done = (await data(client, shop, UNBLOCK, "operator", id=asked["id"]))["unblockMember"]
    assert done == {"member": {"blocks": []}, "errors": []}


async def test_why_a_block_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
    asked: dict[str, Any] = {"id": str(await shop.member(PHONE)), "p": "POINTS", "why": "x"}
    for wrong, code, at in (
        ({"id": NOBODY}, "MEMBER_UNKNOWN", "id"),
        ({"id": "x"}, "MEMBER_UNKNOWN", "id"),
        ({"why": " "}, "BLOCK_REASON_MISSING", "reason"),
        ({"until": "2020-01-01T00:00:00Z"}, "BLOCK_END_INVALID", "until"),
    ):
        done = (await data(client, shop, BLOCK, **(asked | wrong)))["blockMember"]
        assert done == {"member": None, "errors": [{"code": code, "path": [at]}]}
    done = (await data(client, shop, UNBLOCK, id=asked["id"]))["unblockMember"]
    assert done["errors"] == [{"code": "BLOCK_UNKNOWN", "path": ["purpose"]}]
    for role in ("clerk", "advisor", "finance", "auditor"):
        assert code_of(await ask(client, shop, UNBLOCK, role, id=asked["id"])) == (
            "PERMISSION_DENIED"
        )


async def test_a_note_is_written_read_and_taken_back(client: httpx.AsyncClient, shop: Shop) -> None:
    member = str(await shop.member(PHONE))
    done = (await data(client, shop, NOTE, "clerk", id=member, text="爱喝龙井"))["addNote"]
    note = done["note"]
    assert (note["text"], note["by"], done["errors"]) == ("爱喝龙井", "小clerk", [])
    refused = (await data(client, shop, REMOVE, id=note["id"]))["removeNote"]
    assert refused == {"member": None, "errors": [{"code": "NOTE_OF_ANOTHER", "path": ["id"]}]}
    taken = (await data(client, shop, REMOVE, "clerk", id=note["id"]))["removeNote"]
    assert taken == {"member": {"notes": {"edges": []}}, "errors": []}
    for unknown in (note["id"], "x"):
        gone = (await data(client, shop, REMOVE, "clerk", id=unknown))["removeNote"]
        assert gone["errors"] == [{"code": "NOTE_UNKNOWN", "path": ["id"]}]
    for wrong, code, at in (
        ({"id": NOBODY, "text": "x"}, "MEMBER_UNKNOWN", "memberId"),
        ({"id": member, "text": " "}, "NOTE_TEXT_INVALID", "text"),
    ):
        done = (await data(client, shop, NOTE, "clerk", **wrong))["addNote"]
        assert done == {"note": None, "errors": [{"code": code, "path": [at]}]}
    for role in ("operator", "finance", "auditor"):
        denied = await ask(client, shop, NOTE, role, id=member, text="x")
        assert code_of(denied) == "PERMISSION_DENIED"


async def _lived(client: httpx.AsyncClient, shop: Shop) -> str:
    """A member with something of every kind."""
    sale = shop.ticket(phone=PHONE, total="12.50", no="A-1")
    await shop.sold(sale)
    await shop.sold(shop.refund(sale, "2.50"))
    member = await shop.member(PHONE)
    await data(client, shop, NOTE, "clerk", id=str(member), text="爱喝龙井")
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={
            "query": 'mutation { submitInquiry(text: "在吗", idempotencyKey: "k") '
            "{ errors { code } } }"
        },
        headers=await shop.login(PHONE),
    )
    assert answer.json()["data"]["submitInquiry"]["errors"] == []
    await shop.staff_login("advisor")
    async with unit_of_work(shop.tenant_id):
        advisor: UUID = await fetch_value(
            "SELECT id FROM staff WHERE tenant_id = $1 AND role = 'advisor'"
        )
        await assign_members(Chosen(ids=[member]), advisor)
    return str(member)


async def _pages(
    client: httpx.AsyncClient, shop: Shop, role: str, member: str, first: int
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        asked = {"id": member, "first": first, "after": after}
        page = (await data(client, shop, TIMELINE, role, **asked))["member"]["timeline"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_the_timeline_has_everything_once_newest_first(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await _lived(client, shop)
    whole = await _pages(client, shop, "admin", member, 50)
    assert await _pages(client, shop, "admin", member, 2) == whole
    assert [each["at"] for each in whole] == sorted((each["at"] for each in whole), reverse=True)
    assert len({each["id"] for each in whole}) == len(whole)
    told = {(each["kind"], each["what"], each["ref"], each["points"]) for each in whole}
    assert {
        ("ORDER", "partly_refunded", "A-1", None),
        ("POINTS", "earn", "order", 12),
        ("POINTS", "claw_back", "refund", -2),
        ("INTERACTION", "inquiry", "mini_program", None),
        ("ASSIGNMENT", "by_hand", "小advisor", None),
        ("NOTE", None, None, None),
    } <= told
    assert {each["what"] for each in whole if each["kind"] == "STAFF_ACT"} == {
        "note.written",
        "task.created",
    }
    (note,) = [each for each in whole if each["kind"] == "NOTE"]
    assert note["by"] == "小clerk"


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("operator", {"ORDER", "POINTS", "INTERACTION", "ASSIGNMENT"}),
        ("clerk", {"ORDER", "POINTS", "INTERACTION", "ASSIGNMENT", "NOTE"}),
        ("finance", {"ORDER", "POINTS", "ASSIGNMENT"}),
        ("auditor", {"ORDER", "POINTS", "INTERACTION", "ASSIGNMENT", "STAFF_ACT"}),
    ],
)
async def test_who_may_not_see_a_kind_sees_the_rest(
    role: str, kinds: set[str], client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await _lived(client, shop)
    assert {each["kind"] for each in await _pages(client, shop, role, member, 50)} == kinds


async def test_amounts_are_for_who_may_see_money(client: httpx.AsyncClient, shop: Shop) -> None:
    member = await _lived(client, shop)
    amounts = """
    query ($id: ID!) {
      member(id: $id) { timeline { edges { node { total { fen currency } } } } }
    }
    """
    page = (await data(client, shop, amounts, "clerk", id=member))["member"]["timeline"]
    totals = [edge["node"]["total"] for edge in page["edges"] if edge["node"]["total"]]
    assert totals == [{"fen": 1250, "currency": "CNY"}]
    refused = await ask(client, shop, TIMELINE, "clerk", id=member, after="x")
    assert code_of(refused) == "CURSOR_INVALID"
