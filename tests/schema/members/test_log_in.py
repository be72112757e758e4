"""Logging in with WeChat and binding a phone, as a mini-program does it over HTTP."""

from typing import Any

import httpx
import pytest
from tests.core.wechat.people import claim_id, visitor
from tests.support.shop import Shop
from tests.support.wechat import Phones, with_mini_program

from shuke_core.kit.transactions import NoUnitOfWork, current_unit, unit_of_work
from shuke_core.members.queries import count_members
from shuke_core.wechat.client import WechatClient
from shuke_core.wechat.errors import PhoneClaimWaits

PHONE = "13800138000"
LOG_IN = """
mutation ($code: String!, $app: String!) {
  logIn(code: $code, appId: $app) { token isVisitor errors { code path } }
}
"""
BIND = """
mutation ($code: String!, $app: String!) {
  bindPhone(code: $code, appId: $app) {
    member { id isVisitor maskedPhone points { balance } } errors { code message path }
  }
}
"""
ME = "{ me { id isVisitor maskedPhone points { balance } orders { edges { node { no } } } } }"


async def _ask(
    client: httpx.AsyncClient, shop: Shop, document: str, token: str | None = None, **given: Any
) -> dict[str, Any]:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": document, "variables": given},
        headers={"authorization": f"Bearer {token}"} if token else {},
    )
    body: dict[str, Any] = answer.json()
    return body


async def _log_in(
    client: httpx.AsyncClient, shop: Shop, phones: Phones, app: str, user: str = "li"
) -> dict[str, Any]:
    code = await phones.log_in(app, user)
    body = await _ask(client, shop, LOG_IN, code=code, app=app)
    told: dict[str, Any] = body["data"]["logIn"]
    return told


async def _bind(
    client: httpx.AsyncClient, shop: Shop, phones: Phones, app: str, token: str, user: str = "li"
) -> dict[str, Any]:
    code = await phones.press(app, user, PHONE)
    body = await _ask(client, shop, BIND, token, code=code, app=app)
    told: dict[str, Any] = body["data"]["bindPhone"]
    return told


async def test_a_visitor_logs_in_looks_around_and_becomes_a_member(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    come = await _log_in(guarded_client, shop, phones, app)
    assert (come["isVisitor"], come["errors"]) == (True, [])
    me = (await _ask(guarded_client, shop, ME, come["token"]))["data"]["me"]
    assert (me["isVisitor"], me["maskedPhone"], me["points"]) == (True, None, {"balance": 0})
    told = await _bind(guarded_client, shop, phones, app, come["token"])
    assert told["errors"] == []
    assert told["member"] == {
        "id": me["id"],
        "isVisitor": False,
        "maskedPhone": "138****8000",
        "points": {"balance": 0},
    }
    again = await _log_in(guarded_client, shop, phones, app)
    assert again["isVisitor"] is False


async def test_a_visitor_keeps_what_was_said_and_finds_the_points_of_the_till(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"))
    app = await with_mini_program(shop, phones)
    token = (await _log_in(guarded_client, shop, phones, app))["token"]
    said = 'mutation { submitInquiry(text: "在吗", idempotencyKey: "k") { errors { code } } }'
    assert (await _ask(guarded_client, shop, said, token))["data"]["submitInquiry"]["errors"] == []
    told = await _bind(guarded_client, shop, phones, app, token)
    assert told["member"]["points"] == {"balance": 12}
    asked = "{ me { interactions { edges { node { text } } } } }"
    me = (await _ask(guarded_client, shop, asked, token))["data"]["me"]
    assert [edge["node"]["text"] for edge in me["interactions"]["edges"]] == ["在吗"]


async def test_visitors_are_in_no_list_and_no_count_of_the_staff(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    come = await _log_in(guarded_client, shop, phones, app)
    me = (await _ask(guarded_client, shop, "{ me { id cardNo } }", come["token"]))["data"]["me"]
    document = (
        "query ($id: ID!, $card: String!) { member(id: $id) { id } memberByCard(cardNo: $card) { id }"
        " members { edges { node { id } } } membersCount { exact } }"
    )
    answer = await guarded_client.post(
        f"/t/{shop.slug}/staff/graphql",
        json={"query": document, "variables": {"id": me["id"], "card": me["cardNo"]}},
        headers=await shop.staff_login(),
    )
    assert answer.json()["data"] == {
        "member": None,
        "memberByCard": None,
        "members": {"edges": []},
        "membersCount": {"exact": 0},
    }


async def test_a_claim_waits_and_is_told_and_staff_decide_it(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    first = await _log_in(guarded_client, shop, phones, app, "li")
    owner = await _bind(guarded_client, shop, phones, app, first["token"], "li")
    come = await _log_in(guarded_client, shop, phones, app, "wang")
    told = await _bind(guarded_client, shop, phones, app, come["token"], "wang")
    assert told["errors"] == [
        {"code": "PHONE_CLAIM_WAITS", "message": str(PhoneClaimWaits()), "path": ["code"]}
    ]
    assert told["member"]["isVisitor"] is True
    listed = (
        "{ phoneClaims { edges { node { id reason state maskedPhone member { id } "
        "holder { id maskedPhone } decidedBy { handle } } } } }"
    )
    headers = await shop.staff_login("operator")
    path = f"/t/{shop.slug}/staff/graphql"
    answer = await guarded_client.post(path, json={"query": listed}, headers=headers)
    (edge,) = answer.json()["data"]["phoneClaims"]["edges"]
    claim = await claim_id(shop)
    assert edge["node"] == {
        "id": str(claim),
        "reason": "IN_USE",
        "state": "WAITING",
        "maskedPhone": "138****8000",
        "member": {"id": told["member"]["id"]},
        "holder": {"id": owner["member"]["id"], "maskedPhone": "138****8000"},
        "decidedBy": None,
    }
    decide = (
        f'mutation {{ decidePhoneClaim(id: "{claim}", samePerson: true) '
        "{ claim { state decidedBy { handle } } errors { code } } }"
    )
    for expected in (
        {"claim": {"state": "SAME", "decidedBy": {"handle": "operator"}}, "errors": []},
        {"claim": None, "errors": [{"code": "PHONE_CLAIM_DECIDED"}]},
    ):
        answer = await guarded_client.post(path, json={"query": decide}, headers=headers)
        assert answer.json()["data"]["decidePhoneClaim"] == expected
    me = (await _ask(guarded_client, shop, ME, come["token"]))["data"]["me"]
    assert me["id"] == owner["member"]["id"]


@pytest.mark.parametrize(
    ("code", "app", "errors"),
    [("made-up", None, [{"code": "WECHAT_CODE_INVALID", "path": ["code"]}]),
     ("made-up", "wx99999999", [{"code": "MINI_PROGRAM_UNKNOWN", "path": ["appId"]}])],
)  # fmt: skip
async def test_what_wechat_did_not_say_logs_nobody_in(
    code: str,
    app: str | None,
    errors: list[Any],
    guarded_client: httpx.AsyncClient,
    shop: Shop,
    phones: Phones,
) -> None:
    own = await with_mini_program(shop, phones)
    body = await _ask(guarded_client, shop, LOG_IN, code=code, app=app or own)
    assert body["data"]["logIn"] == {"token": None, "isVisitor": None, "errors": errors}
    assert await shop.rows("SELECT id FROM member WHERE tenant_id = $1") == []


async def test_a_code_is_good_once_and_for_its_purpose(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    code = await phones.log_in(app, "li")
    token = (await _ask(guarded_client, shop, LOG_IN, code=code, app=app))["data"]["logIn"]["token"]
    button = await phones.press(app, "li", PHONE)
    wrong = [{"code": "WECHAT_CODE_INVALID", "path": ["code"]}]
    for each in (code, button):
        body = await _ask(guarded_client, shop, LOG_IN, code=each, app=app)
        assert body["data"]["logIn"]["errors"] == wrong
    body = await _ask(
        guarded_client, shop, BIND, token, code=await phones.log_in(app, "li"), app=app
    )
    assert [each["code"] for each in body["data"]["bindPhone"]["errors"]] == ["WECHAT_CODE_INVALID"]
    assert not await shop.knows(PHONE)


async def test_neither_openid_nor_phone_is_an_argument_of_a_client(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    for document in (
        'mutation { logIn(code: "c", appId: "a", openid: "o") { token } }',
        'mutation { bindPhone(code: "c", appId: "a", phone: "13800138000") { errors { code } } }',
    ):
        token = (await shop.login(PHONE))["authorization"].removeprefix("Bearer ")
        body = await _ask(guarded_client, shop, document, token)
        assert body["errors"][0]["extensions"]["code"] == "DOCUMENT_INVALID"


async def test_without_a_token_no_phone_is_bound_and_wechat_is_not_asked(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    code = await phones.press(app, "li", PHONE)
    answer = await guarded_client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": BIND, "variables": {"code": code, "app": app}},
    )
    assert answer.status_code == 401
    assert await phones.calls("/wxa/business/getuserphonenumber") == 0


@pytest.mark.parametrize(
    ("document", "code"),
    [(f"mutation {{ logIn(code: \"c\", appId: \"a\") {{ token }} {more} }}", code)
     for more, code in (("__typename", "OUTSIDE_FIELD_NOT_ALONE"),
                        ("x: logIn(code: \"c\", appId: \"a\") { token }", "GUARDED_FIELD_REPEATED"))]
    + [("mutation { logIn(code: \"c\", appId: \"a\") @skip(if: false) { token } }",
        "OUTSIDE_FIELD_NOT_ALONE"),
       ("mutation { ...F } fragment F on Mutation { logIn(code: \"c\", appId: \"a\") { token } }",
        "OUTSIDE_FIELD_NOT_ALONE"),
       ("mutation { logIn(code: \"c\") { token } }", "DOCUMENT_INVALID"),
       ("mutation ($c: String!) { logIn(code: $c, appId: \"a\") { token } }", "VARIABLES_INVALID")],
)  # fmt: skip
async def test_what_is_refused_does_not_reach_wechat(
    document: str, code: str, guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    body = await _ask(guarded_client, shop, document)
    assert body["errors"][0]["extensions"]["code"] == code
    assert await phones.calls("/sns/jscode2session") == 0


async def test_no_unit_of_work_is_open_while_wechat_is_asked(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await with_mini_program(shop, phones)
    open_units: list[bool] = []
    asked = WechatClient.session_of_code

    async def watching(self: WechatClient, *given: Any) -> Any:
        try:
            open_units.append(current_unit().is_open)
        except NoUnitOfWork:
            open_units.append(False)
        return await asked(self, *given)

    monkeypatch.setattr(WechatClient, "session_of_code", watching)
    await _log_in(guarded_client, shop, phones, app)
    assert open_units == [False]


async def test_the_session_key_is_nowhere(
    guarded_client: httpx.AsyncClient,
    shop: Shop,
    phones: Phones,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = await with_mini_program(shop, phones)
    code = await phones.log_in(app, "li")
    answer = await guarded_client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": LOG_IN, "variables": {"code": code, "app": app}},
    )
    assert "session_key" not in answer.text + caplog.text
    rows = await shop.rows("SELECT count(*) AS n FROM member_identity WHERE tenant_id = $1")
    assert rows == [{"n": 1}]


async def test_staff_find_and_name_members_by_other_systems(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    one, other = await shop.member(PHONE), await shop.member("13900139000")
    nobody = await visitor(shop)
    bind = (
        "mutation ($id: ID!) { bindIdentity(id: $id, identity: "
        '{kind: "erp", issuer: "kingdee", value: "C-10086"}) { member { id } errors { code path } } }'
    )
    find = '{ memberByIdentity(kind: "erp", issuer: "kingdee", value: "C-10086") { id } }'

    async def staff(document: str, role: str = "clerk", **given: str) -> dict[str, Any]:
        answer = await guarded_client.post(
            f"/t/{shop.slug}/staff/graphql",
            json={"query": document, "variables": given},
            headers=await shop.staff_login(role),
        )
        body: dict[str, Any] = answer.json()
        return body

    assert (await staff(find))["data"] == {"memberByIdentity": None}
    assert (await staff(bind, id=str(one)))["data"]["bindIdentity"] == {
        "member": {"id": str(one)},
        "errors": [],
    }
    for wrong, code, path in (
        (other, "IDENTITY_TAKEN", "identity"),
        (nobody, "MEMBER_UNKNOWN", "id"),
    ):
        assert (await staff(bind, id=str(wrong)))["data"]["bindIdentity"] == {
            "member": None,
            "errors": [{"code": code, "path": [path]}],
        }
    assert (await staff(find))["data"] == {"memberByIdentity": {"id": str(one)}}
    sought = await shop.rows(
        "SELECT subject FROM audit_entry WHERE tenant_id = $1 AND act = 'member.sought_by_identity' "
        "ORDER BY recorded_at, id"
    )
    assert [each["subject"] for each in sought] == ["identity:unknown", f"member:{one}"]
    twice = f"{{ a: {find[2:-2]} b: {find[2:-2]} }}"
    assert (await staff(twice))["errors"][0]["extensions"]["code"] == "GUARDED_FIELD_REPEATED"
    denied = await staff(find, "operator")
    assert denied["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
    async with unit_of_work(shop.tenant_id):
        assert await count_members(None, False) == 2


async def test_staff_see_mini_programs_without_secrets(
    guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    answer = await guarded_client.post(
        f"/t/{shop.slug}/staff/graphql",
        json={"query": "{ miniPrograms { appId state inactiveMonths } }"},
        headers=await shop.staff_login("operator"),
    )
    assert answer.json()["data"] == {
        "miniPrograms": [{"appId": app, "state": "ON", "inactiveMonths": 12}]
    }
