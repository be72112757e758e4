"""Merging in the staff API: who is there twice, side by side, merged once, undone, by whom allowed."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from tests.core.merging.people import earns, set_fields, two
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_core.kit.ids import new_id

MERGE = """
mutation ($survivor: ID!, $absorbed: ID!, $key: String!, $choices: [MergeChoice!]) {
  mergeMembers(survivor: $survivor, absorbed: $absorbed, idempotencyKey: $key, choices: $choices,
               reason: "同一人") {
    merge member { id name maskedPhone points { balance } } errors { code path }
  }
}
"""
UNDO = """
mutation ($id: ID!) { undoMerge(id: $id) { member { id name } errors { code path } } }
"""
PREVIEW = """
query ($survivor: ID!, $absorbed: ID!) {
  mergePreview(survivor: $survivor, absorbed: $absorbed) {
    survivor { id name } absorbed { id name } holdings { labelEn survivor absorbed }
  }
}
"""
CANDIDATES = """
query ($first: Int!, $after: String) {
  mergeCandidates(first: $first, after: $after) {
    edges { node { member { id } older { id } } } pageInfo { hasNextPage endCursor }
  }
}
"""
MERGES = "{ merges { edges { node { id member { id } absorbedId reason undoneAt } } } }"


async def _merge(client: httpx.AsyncClient, shop: Shop, *pair: UUID, **more: Any) -> dict[str, Any]:
    asked = {"survivor": str(pair[0]), "absorbed": str(pair[1]), "key": "k-1", **more}
    answer: dict[str, Any] = (await data(client, shop, MERGE, **asked))["mergeMembers"]
    return answer


async def test_two_become_one_and_two_again(client: httpx.AsyncClient, shop: Shop) -> None:
    kept, gone = await two(shop)
    await set_fields(shop, kept, name="王一")
    await set_fields(shop, gone, name="王二")
    await earns(shop, gone, 5)
    choices = [{"field": "NAME", "rule": "ABSORBED"}]
    merged = await _merge(client, shop, kept, gone, choices=choices)
    assert merged["errors"] == []
    assert merged["member"] == {
        "id": str(kept),
        "name": "王二",
        "maskedPhone": "138****8001",
        "points": {"balance": 5},
    }
    by_old = await data(client, shop, "query ($id: ID!) { member(id: $id) { id } }", id=str(gone))
    assert by_old == {"member": {"id": str(kept)}}
    rows = (await data(client, shop, MERGES))["merges"]["edges"]
    assert [row["node"] for row in rows] == [
        {
            "id": merged["merge"],
            "member": {"id": str(kept)},
            "absorbedId": str(gone),
            "reason": "同一人",
            "undoneAt": None,
        }
    ]
    undone = (await data(client, shop, UNDO, id=merged["merge"]))["undoMerge"]
    assert undone == {"member": {"id": str(gone), "name": "王二"}, "errors": []}


async def test_asked_twice_it_is_merged_once(client: httpx.AsyncClient, shop: Shop) -> None:
    kept, gone = await two(shop)
    first = await _merge(client, shop, kept, gone)
    assert await _merge(client, shop, kept, gone) == first
    other = await _merge(client, shop, gone, kept)
    assert other["errors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "path": ["idempotencyKey"]}]
    assert await shop.rows("SELECT count(*) AS n FROM member_merge WHERE tenant_id = $1") == [
        {"n": 1}
    ]


async def test_refusals_are_data(client: httpx.AsyncClient, shop: Shop, other_shop: Shop) -> None:
    kept, _ = await two(shop)
    foreign = await other_shop.member("13800138002")
    for nth, unknown in enumerate((new_id(), foreign)):
        answer = await _merge(client, shop, kept, unknown, key=f"u-{nth}")
        assert answer["errors"] == [{"code": "MEMBER_UNKNOWN", "path": []}]
    answer = await _merge(client, shop, kept, kept, key="same")
    assert answer["errors"] == [{"code": "MEMBERS_CANNOT_MERGE", "path": []}]
    for bad in (str(new_id()), "no id"):
        answer = (await data(client, shop, UNDO, id=bad))["undoMerge"]
        assert answer["errors"] == [{"code": "MERGE_UNKNOWN", "path": ["id"]}]


async def test_a_preview_shows_both_and_what_they_hold(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    kept, gone = await two(shop)
    await set_fields(shop, gone, name="王二")
    await earns(shop, gone, 5)
    pair = {"survivor": str(kept), "absorbed": str(gone)}
    shown = (await data(client, shop, PREVIEW, **pair))["mergePreview"]
    assert shown == {
        "survivor": {"id": str(kept), "name": None},
        "absorbed": {"id": str(gone), "name": "王二"},
        "holdings": [
            {"labelEn": "Points", "survivor": 0, "absorbed": 1},
            {"labelEn": "Identities", "survivor": 1, "absorbed": 1},
        ],
    }
    for other in (str(kept), str(new_id()), "no id"):
        pair["absorbed"] = other
        assert await data(client, shop, PREVIEW, **pair) == {"mergePreview": None}


async def test_candidates_have_name_and_birthday_in_common(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ids = [await shop.member(f"1380013800{nth}") for nth in range(6)]
    for nth, (name, day) in enumerate((("王", 1), ("王", 1), ("王", 1), ("王", 2), ("李", 1))):
        await set_fields(shop, ids[nth], name=name, birthday=date(1990, 5, day))
    await set_fields(shop, ids[5], name="王")
    page = (await data(client, shop, CANDIDATES, first=1))["mergeCandidates"]
    assert [edge["node"] for edge in page["edges"]] == [
        {"member": {"id": str(ids[2])}, "older": {"id": str(ids[0])}}
    ]
    assert page["pageInfo"]["hasNextPage"] is True
    after = page["pageInfo"]["endCursor"]
    page = (await data(client, shop, CANDIDATES, first=5, after=after))["mergeCandidates"]
    assert [edge["node"]["member"]["id"] for edge in page["edges"]] == [str(ids[1])]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_only_who_may_merge_is_asked(client: httpx.AsyncClient, shop: Shop) -> None:
    kept, gone = await two(shop)
    asked = {"survivor": str(kept), "absorbed": str(gone), "key": "k"}
    for role in ("clerk", "advisor", "operator", "finance", "auditor"):
        assert code_of(await ask(client, shop, MERGE, role, **asked)) == "PERMISSION_DENIED"
    assert await shop.rows("SELECT id FROM member_merge WHERE tenant_id = $1") == []
