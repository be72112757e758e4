"""Profiles over HTTP: a member's own, what staff correct, what is asked for."""

from typing import Any

import httpx
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

PHONE = "13800138000"
UPDATE = """
mutation ($p: ProfileInput!) {
  updateProfile(profile: $p) {
    me {
      nickname name gender birthday region { code labelZh }
      profile { completion fields { field { key rewardPoints } value filled rewarded } }
      points { balance }
    }
    errors { code path }
  }
}
"""
STAFF_UPDATE = """
mutation ($id: ID!, $v: Int!, $p: ProfileInput!) {
  updateMember(id: $id, version: $v, profile: $p) {
    member { name version birthday } version errors { code path }
  }
}
"""
SAVE = """
mutation ($f: ProfileFieldInput!) {
  saveProfileField(field: $f) { field { key kind labelZh reasonZh choices } errors { code path } }
}
"""
COFFEE = {
    "key": "drink",
    "kind": "CHOICE",
    "labelZh": "饮品",
    "labelEn": "Drink",
    "reasonZh": "为您推荐",
    "rewardPoints": 10,
    "choices": ["茶", "咖啡"],
}


async def _own(client: httpx.AsyncClient, shop: Shop, **profile: Any) -> dict[str, Any]:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": UPDATE, "variables": {"p": profile}},
        headers=await shop.login(PHONE),
    )
    assert "errors" not in answer.json(), answer.json()["errors"]
    payload: dict[str, Any] = answer.json()["data"]["updateProfile"]
    return payload


async def test_a_member_fills_in_what_is_asked_and_sees_it(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.member(PHONE)
    saved = (await data(client, shop, SAVE, "operator", f=COFFEE))["saveProfileField"]
    assert saved["field"] == {
        "key": "drink",
        "kind": "CHOICE",
        "labelZh": "饮品",
        "reasonZh": "为您推荐",
        "choices": ["茶", "咖啡"],
    }
    done = await _own(
        client,
        shop,
        nickname="阿王",
        gender="FEMALE",
        birthday="1990-05-01",
        region="440305",
        fields=[{"key": "drink", "value": "茶"}],
    )
    assert done["errors"] == []
    me = done["me"]
    assert (me["nickname"], me["gender"], me["birthday"]) == ("阿王", "FEMALE", "1990-05-01")
    assert me["region"] == {"code": "440305", "labelZh": "广东省 深圳市 南山区"}
    assert me["points"] == {"balance": 10}
    assert me["profile"]["completion"] == 71
    fields = {each["field"]["key"]: each for each in me["profile"]["fields"]}
    assert fields["drink"] == {
        "field": {"key": "drink", "rewardPoints": 10},
        "value": "茶",
        "filled": True,
        "rewarded": True,
    }
    assert (fields["name"]["value"], fields["name"]["filled"]) == (None, False)
    emptied = (await _own(client, shop, nickname=None))["me"]
    assert (emptied["nickname"], emptied["gender"]) == (None, "FEMALE")


async def test_each_fault_names_its_field(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.member(PHONE)
    done = await _own(
        client, shop, birthday="2999-01-01", fields=[{"key": "hat", "value": "x"}], nickname="阿王"
    )
    assert done == {
        "me": None,
        "errors": [
            {"code": "PROFILE_FIELD_UNKNOWN", "path": ["profile", "fields", "hat"]},
            {"code": "PROFILE_VALUE_INVALID", "path": ["profile", "birthday"]},
        ],
    }
    await _own(client, shop, birthday="1990-05-01")
    done = await _own(client, shop, birthday="1991-05-01")
    assert done["errors"] == [{"code": "PROFILE_FIELD_LOCKED", "path": ["profile", "birthday"]}]


async def test_staff_edit_what_they_have_read(client: httpx.AsyncClient, shop: Shop) -> None:
    member = str(await shop.member(PHONE))
    asked = {"id": member, "p": {"name": "王小明", "birthday": "1990-05-01"}}
    done = (await data(client, shop, STAFF_UPDATE, "clerk", v=1, **asked))["updateMember"]
    now = {"name": "王小明", "version": 2, "birthday": "1990-05-01"}
    assert done == {"member": now, "version": 2, "errors": []}
    asked["p"] = {"name": "王大明"}
    done = (await data(client, shop, STAFF_UPDATE, "clerk", v=1, **asked))["updateMember"]
    refused = {"code": "MEMBER_CHANGED", "path": ["version"]}
    assert done == {"member": now, "version": 2, "errors": [refused]}
    for unknown in ("x", "00000000-0000-0000-0000-000000000000"):
        asked["id"] = unknown
        done = (await data(client, shop, STAFF_UPDATE, "clerk", v=2, **asked))["updateMember"]
        refused = {"code": "MEMBER_UNKNOWN", "path": ["id"]}
        assert done == {"member": None, "version": None, "errors": [refused]}


async def test_a_rename_counts_as_an_edit(client: httpx.AsyncClient, shop: Shop) -> None:
    member = str(await shop.member(PHONE))
    rename = 'mutation ($id: ID!) { renameMember(id: $id, name: "王") { member { version } } }'
    renamed = (await data(client, shop, rename, "clerk", id=member))["renameMember"]
    assert renamed == {"member": {"version": 2}}


async def test_who_may_do_what(client: httpx.AsyncClient, shop: Shop) -> None:
    member = str(await shop.member(PHONE))
    asked = {"id": member, "v": 1, "p": {}}
    for role in ("operator", "advisor", "auditor"):
        assert code_of(await ask(client, shop, STAFF_UPDATE, role, **asked)) == "PERMISSION_DENIED"
    for role in ("clerk", "advisor", "auditor"):
        assert code_of(await ask(client, shop, SAVE, role, f=COFFEE)) == "PERMISSION_DENIED"
    shown = "query ($id: ID!) { member(id: $id) { %s } }"
    denied = await ask(client, shop, shown % "profile { fields { value } }", "operator", id=member)
    assert code_of(denied) == "PERMISSION_DENIED"
    open_ = "nickname birthday profile { completion fields { filled } }"
    said = {"nickname": "阿王", "birthday": "1990-05-01"}
    await data(client, shop, STAFF_UPDATE, "clerk", id=member, v=1, p=said)
    seen = (await data(client, shop, shown % open_, "operator", id=member))["member"]
    assert (seen["nickname"], seen["birthday"]) == ("阿**", None)
    assert seen["profile"]["completion"] == 33


async def test_a_field_is_retired_once(client: httpx.AsyncClient, shop: Shop) -> None:
    retire = """
    mutation { retireProfileField(key: "gender") { field { active } errors { code path } } }
    """
    done = (await data(client, shop, retire, "operator"))["retireProfileField"]
    assert done == {"field": {"active": False}, "errors": []}
    done = (await data(client, shop, retire, "operator"))["retireProfileField"]
    assert done["errors"] == [{"code": "PROFILE_FIELD_UNKNOWN", "path": ["key"]}]
    bad = await data(client, shop, SAVE, "operator", f=COFFEE | {"choices": []})
    assert bad["saveProfileField"]["errors"] == [{"code": "PROFILE_FIELD_INVALID", "path": []}]
    fields = (await data(client, shop, "{ profileFields { key active } }"))["profileFields"]
    assert {"key": "gender", "active": False} in fields
