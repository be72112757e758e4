"""Merging in the staff API: who is there twice, side by side, merged once, undone, by whom allowed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.core.merging.people import GONE, KEPT, earns, set_fields, two
from tests.core.wechat.people import bound, claim_id, with_phone
from tests.schema.staff.staff import ask, code_of, data
from tests.support.accounts import step_up_of
from tests.support.shop import Shop

from shuke_core.access.rights import Scope
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.doubles import DoubleReason, note_double
from shuke_core.merging.services import merge_members
from shuke_core.staff.role_services import Grant, Wanted, create_role

MERGE = """
mutation ($survivor: ID!, $absorbed: ID!, $key: String!, $choices: [MergeChoice!], $stepUp: ID) {
  mergeMembers(survivor: $survivor, absorbed: $absorbed, idempotencyKey: $key, choices: $choices,
               reason: "同一人", stepUp: $stepUp) {
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
    edges { node { member { id } older { id } reason } } pageInfo { hasNextPage endCursor }
  }
}
"""
WINDOW = "{ mergeSettings { undoDays } }"
SET_WINDOW = """
mutation ($days: Int!) {
  setMergeSettings(undoDays: $days) { settings { undoDays } errors { code path } }
}
"""
DECIDE = """
mutation ($id: ID!) {
  decidePhoneClaim(id: $id, samePerson: true) { merge errors { code path } }
}
"""
BY_CLAIM = """
mutation ($id: ID!, $stepUp: ID) {
  mergePhoneClaim(id: $id, stepUp: $stepUp) {
    merge claim { state member { id } } errors { code path }
  }
}
"""
MERGES = "{ merges { edges { node { id member { id } absorbedId reason undoneAt } } } }"


async def _merge(client: httpx.AsyncClient, shop: Shop, *pair: UUID, **more: Any) -> dict[str, Any]:
    """By an admin, with a step-up for just this."""
    named = {"survivor": str(pair[0]), "absorbed": str(pair[1])}
    choices = {each["field"].lower(): each["rule"].lower() for each in more.get("choices", [])}
    meant = {**named, "choices": choices, "reason": "同一人"}
    await shop.staff_login("admin")
    step_up = await step_up_of(shop, "admin", "members.merge", meant)
    asked = {**named, "key": "k-1", "stepUp": step_up, **more}
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


async def test_a_step_up_that_lacks_is_asked_for_and_the_key_stays_good(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    kept, gone = await two(shop)
    asked = {"survivor": str(kept), "absorbed": str(gone), "key": "k-1"}
    refused = (await data(client, shop, MERGE, **asked))["mergeMembers"]
    assert refused["errors"] == [{"code": "STEP_UP_REQUIRED", "path": ["stepUp"]}]
    merged = await _merge(client, shop, kept, gone)
    assert merged["errors"] == []
    # Sent once more, also without a grant, it is answered as it was: nothing is done again.
    assert (await data(client, shop, MERGE, **asked))["mergeMembers"]["merge"] == merged["merge"]


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


async def test_candidates_come_with_the_reason_found_last_first(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ids = [await shop.member(f"1380013800{nth}") for nth in range(4)]
    start = clock.now()
    reasons = (DoubleReason.IDENTITY, DoubleReason.PHONE, DoubleReason.NAME_AND_BIRTHDAY)
    async with unit_of_work(shop.tenant_id):
        for nth, reason in enumerate(reasons, 1):
            with clock.held_at(start + timedelta(minutes=nth)):
                await note_double(ids[0], ids[nth], reason)
    page = (await data(client, shop, CANDIDATES, first=2))["mergeCandidates"]
    assert [edge["node"] for edge in page["edges"]] == [
        {"member": {"id": str(ids[nth])}, "older": {"id": str(ids[0])}, "reason": reason}
        for nth, reason in ((3, "NAME_AND_BIRTHDAY"), (2, "PHONE"))
    ]
    assert page["pageInfo"]["hasNextPage"] is True
    after = page["pageInfo"]["endCursor"]
    page = (await data(client, shop, CANDIDATES, first=5, after=after))["mergeCandidates"]
    assert [edge["node"]["reason"] for edge in page["edges"]] == ["IDENTITY"]
    assert page["pageInfo"]["hasNextPage"] is False
    await _merge(client, shop, ids[0], ids[1])
    found = (await data(client, shop, CANDIDATES, first=5))["mergeCandidates"]["edges"]
    assert [edge["node"]["reason"] for edge in found] == ["NAME_AND_BIRTHDAY", "PHONE"]


async def test_a_candidate_is_shown_as_who_they_are_now(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    kept, gone = await two(shop)
    third = await shop.member("13800138003")
    async with unit_of_work(shop.tenant_id):
        await note_double(gone, third, DoubleReason.PHONE)
    await _merge(client, shop, kept, gone)
    page = (await data(client, shop, CANDIDATES, first=5))["mergeCandidates"]
    assert [edge["node"] for edge in page["edges"]] == [
        {"member": {"id": str(third)}, "older": {"id": str(kept)}, "reason": "PHONE"}
    ]


@pytest.mark.parametrize("listed", ["mergeCandidates", "merges"])
async def test_a_list_takes_as_many_statements_for_ten_as_for_one(
    listed: str, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await shop.member(f"138001380{nth:02}") for nth in range(21)]
    async with unit_of_work(shop.tenant_id):
        for one, other in zip(ids[1:11], ids[11:], strict=True):
            await note_double(ids[0], one, DoubleReason.PHONE)
            await merge_members(ids[0], other)
    said: list[str] = []
    for name in ("fetch", "fetch_value", "read"):
        told = getattr(UnitConnection, name)

        async def counting(
            self: UnitConnection, sql: str, *values: object, told: Any = told
        ) -> Any:
            said.append(sql)
            return await told(self, sql, *values)

        monkeypatch.setattr(UnitConnection, name, counting)
    page = "{ edges { node { member { id } } } }"
    document = f"query ($n: Int!) {{ {listed}(first: $n) {page} }}"
    counts = []
    for first in (1, 1, 10):  # the first time keys and rights are read as well
        said.clear()
        edges = (await data(client, shop, document, n=first))[listed]["edges"]
        assert [edge["node"]["member"] is not None for edge in edges] == [True] * first
        counts.append(len(said))
    assert counts[2] == counts[1]


async def test_whoever_may_merge_and_not_see_members_sees_none(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    kept, gone = await two(shop)
    async with unit_of_work(shop.tenant_id):
        grants = (Grant("members.merge", Scope.ALL),)
        await create_role(None, "merger", Wanted("Merger", "合并员", grants, ()))
    pair = {"survivor": str(kept), "absorbed": str(gone)}
    for document, given in (
        (CANDIDATES, {"first": 1}),
        ("{ merges { edges { node { member { id } } } } }", {}),
        (PREVIEW, pair),
    ):
        refused = await ask(client, shop, document, "merger", **given)
        assert code_of(refused) == "PERMISSION_DENIED"
    plain = PREVIEW.replace("survivor { id name } absorbed { id name }", "")
    plain = plain.replace("labelEn survivor absorbed", "labelEn")
    shown = await data(client, shop, plain, "merger", **pair)
    assert shown == {"mergePreview": {"holdings": [{"labelEn": "Identities"}]}}


async def test_the_window_is_shown_and_set_within_bounds(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    kept, gone = await two(shop)
    assert await data(client, shop, WINDOW) == {"mergeSettings": {"undoDays": 30}}
    for days in (0, 181):
        refused = (await data(client, shop, SET_WINDOW, days=days))["setMergeSettings"]
        assert refused["settings"] is None
        assert refused["errors"] == [{"code": "MERGE_WINDOW_INVALID", "path": ["undoDays"]}]
    done = (await data(client, shop, SET_WINDOW, days=7))["setMergeSettings"]
    assert done == {"settings": {"undoDays": 7}, "errors": []}
    assert await data(client, shop, WINDOW) == {"mergeSettings": {"undoDays": 7}}
    await _merge(client, shop, kept, gone)
    (row,) = await shop.rows(
        "SELECT undo_until - merged_at AS lasts FROM member_merge WHERE tenant_id = $1"
    )
    assert row["lasts"] == timedelta(days=7)
    for role in ("operator", "clerk"):
        assert code_of(await ask(client, shop, SET_WINDOW, role, days=9)) == "PERMISSION_DENIED"


async def test_a_claim_of_one_person_merges_for_who_may(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    holder = await shop.member(KEPT)
    member = await with_phone(shop, "o-1", GONE)
    await bound(shop, member, KEPT)
    asked = {"id": str(await claim_id(shop))}
    refused = (await data(client, shop, DECIDE, **asked))["decidePhoneClaim"]
    assert refused["errors"] == [{"code": "PHONE_CLAIM_NEEDS_MERGE", "path": ["samePerson"]}]
    assert code_of(await ask(client, shop, BY_CLAIM, "operator", **asked)) == "PERMISSION_DENIED"
    refused = (await data(client, shop, BY_CLAIM, **asked))["mergePhoneClaim"]
    assert refused["errors"] == [{"code": "STEP_UP_REQUIRED", "path": ["stepUp"]}]
    step_up = await step_up_of(shop, "admin", "phone_claims.merge", asked)
    done = (await data(client, shop, BY_CLAIM, **asked, stepUp=step_up))["mergePhoneClaim"]
    assert (done["claim"], done["errors"]) == ({"state": "SAME", "member": {"id": str(member)}}, [])
    by_old = await data(client, shop, "query ($id: ID!) { member(id: $id) { id } }", id=str(member))
    assert by_old == {"member": {"id": str(holder)}}
    undone = (await data(client, shop, UNDO, id=done["merge"]))["undoMerge"]
    assert undone["member"]["id"] == str(member)


async def test_only_who_may_merge_is_asked(client: httpx.AsyncClient, shop: Shop) -> None:
    kept, gone = await two(shop)
    asked = {"survivor": str(kept), "absorbed": str(gone), "key": "k"}
    for role in ("clerk", "advisor", "operator", "finance", "auditor"):
        assert code_of(await ask(client, shop, MERGE, role, **asked)) == "PERMISSION_DENIED"
    assert await shop.rows("SELECT id FROM member_merge WHERE tenant_id = $1") == []
