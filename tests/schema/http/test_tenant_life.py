"""Doors of a tenant that is suspended or closing: who is refused, with which code."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.accounts import step_up_of
from tests.support.shop import Shop
from tests.support.wechat import Phones, with_mini_program

from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.personal_data.rules import GRACE
from shuke_core.personal_data.services import erase_next
from shuke_core.runtime import Runtime
from shuke_core.tenants import queries
from shuke_core.upkeep.services import close_tenant, resume_tenant, suspend_tenant
from shuke_schema.composition import compose
from shuke_schema.http.closing import left_while_closing
from shuke_schema.parts import Audience

PHONE = "13800138000"
CARD = "{ me { cardNo } }"
SUBMIT = 'mutation { submitInquiry(idempotencyKey: "1", text: "?") { __typename } }'
STORES = "{ stores { code } }"
AWAY = 'mutation { setAway(staff: "nobody") { __typename } }'
SIGN_IN = 'mutation { signIn(handle: "nobody", password: "x") { __typename } }'
SIGN_OUT = "mutation { signOut { __typename } }"
MIXED = 'mutation { signOut { __typename } setAway(staff: "nobody") { __typename } }'


@pytest.fixture(autouse=True)
def states_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_FOUND_SECONDS", 0.0)
    queries._found.clear()


async def _asked(
    client: httpx.AsyncClient, shop: Shop, door: str, text: str, headers: dict[str, str]
) -> tuple[int, list[str]]:
    """Status and codes of the answer."""
    answer = await client.post(
        f"/t/{shop.slug}/{door}/graphql",
        json={"query": text},
        headers={**headers, "accept": "application/graphql-response+json"},
    )
    errors = answer.json().get("errors", ())
    return answer.status_code, [error["extensions"]["code"] for error in errors]


async def _sent(client: httpx.AsyncClient, shop: Shop) -> tuple[int, str]:
    headers, body = shop.message([shop.ticket()])
    answer = await client.post(f"/t/{shop.slug}/hooks/till", headers=headers, content=body)
    said = answer.json()
    return answer.status_code, said["error"]["code"] if "error" in said else said["state"]


async def test_a_suspended_tenant_lets_nobody_in_and_takes_what_is_sent(
    runtime: Runtime, client: httpx.AsyncClient, shop: Shop
) -> None:
    member, staff = await shop.login(PHONE), await shop.staff_login()
    await suspend_tenant(runtime.places.owner(), shop.slug, "")
    refused = (403, ["TENANT_SUSPENDED"])
    assert await _asked(client, shop, "member", CARD, member) == refused
    assert await _asked(client, shop, "staff", STORES, staff) == refused
    assert await _asked(client, shop, "staff", SIGN_IN, {}) == refused
    link = await client.get(f"/t/{shop.slug}/exports/none")
    assert (link.status_code, link.json()["error"]["code"]) == (403, "TENANT_SUSPENDED")
    assert await _sent(client, shop) == (202, "taken")
    await resume_tenant(runtime.places.owner(), shop.slug, "")
    assert await _asked(client, shop, "member", CARD, member) == (200, [])


async def test_a_closing_tenant_is_read_and_exported_and_not_changed(
    runtime: Runtime, client: httpx.AsyncClient, shop: Shop
) -> None:
    member, staff = await shop.login(PHONE), await shop.staff_login()
    await close_tenant(runtime.places.owner(), shop.slug, "")
    refused = (403, ["TENANT_CLOSING"])
    assert await _asked(client, shop, "member", CARD, member) == (200, [])
    assert await _asked(client, shop, "member", SUBMIT, member) == refused
    assert await _asked(client, shop, "staff", STORES, staff) == (200, [])
    assert await _asked(client, shop, "staff", AWAY, staff) == refused
    assert await _asked(client, shop, "staff", MIXED, staff) == refused
    assert await _asked(client, shop, "staff", SIGN_OUT, staff) == (200, [])
    assert await _sent(client, shop) == (410, "TENANT_CLOSING")
    assert await shop.rows("SELECT id FROM interaction WHERE tenant_id = $1") == []
    assert await shop.rows("SELECT id FROM inbox WHERE tenant_id = $1") == []


LOG_IN = """
mutation ($code: String!, $app: String!) { logIn(code: $code, appId: $app) { token } }
"""
MY_DATA = "mutation { requestMyData { document } }"
ERASE_ME = 'mutation { eraseMe(confirmation: "注销") { request { state } errors { code } } }'
CANCEL = "mutation { cancelErasure { errors { code } } }"
WITHDRAW = "mutation { withdrawConsent(purpose: MARKETING) { errors { code } } }"
HAND_OVER = """
mutation ($member: ID!, $reason: String!, $stepUp: ID) {
  handOverMemberData(member: $member, reason: $reason, stepUp: $stepUp) { errors { code } }
}
"""
ERASE = """
mutation ($member: ID!, $ground: ErasureGround!, $stepUp: ID) {
  eraseMember(member: $member, ground: $ground, stepUp: $stepUp) { errors { code } }
}
"""


async def _told(
    client: httpx.AsyncClient,
    shop: Shop,
    door: str,
    text: str,
    headers: dict[str, str],
    **variables: object,
) -> dict[str, Any]:
    """The answer's data, of an operation that is let in."""
    answer = await client.post(
        f"/t/{shop.slug}/{door}/graphql",
        json={"query": text, "variables": variables},
        headers=headers,
    )
    body = answer.json()
    assert "errors" not in body, body["errors"]
    told: dict[str, Any] = body["data"]
    return told


async def test_members_have_their_rights_until_the_end(
    runtime: Runtime, guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    joined = await _told(
        guarded_client, shop, "member", LOG_IN, {}, app=app, code=await phones.log_in(app, "li")
    )
    await shop.staff_login()
    other = str(await shop.member("13700137000"))
    await close_tenant(runtime.places.owner(), shop.slug, "")

    code = await phones.log_in(app, "li")
    again = await _told(guarded_client, shop, "member", LOG_IN, {}, app=app, code=code)
    assert again["logIn"]["token"] != joined["logIn"]["token"]
    me = {"authorization": f"Bearer {again['logIn']['token']}"}
    data = await _told(guarded_client, shop, "member", MY_DATA, me)
    assert data["requestMyData"]["document"]["profile"]
    for text in (ERASE_ME, CANCEL, ERASE_ME, WITHDRAW):
        (told,) = (await _told(guarded_client, shop, "member", text, me)).values()
        assert told["errors"] == []
    admin = await shop.staff_login()
    handed, gone = {"reason": "本人到店申请"}, {"ground": "asked_in_person"}
    for operation, text, meant in (
        ("members.hand_over_data", HAND_OVER, {"member": other, **handed}),
        ("members.erase", ERASE, {"member": other, **gone}),
    ):
        grant = await step_up_of(shop, "admin", operation, meant)
        given = {name: v.upper() if name == "ground" else v for name, v in meant.items()}
        (told,) = (
            await _told(guarded_client, shop, "staff", text, admin, **given, stepUp=grant)
        ).values()
        assert told["errors"] == []
    states = await shop.rows("SELECT state FROM member WHERE tenant_id = $1 ORDER BY state")
    assert [row["state"] for row in states] == ["erased", "visitor"]
    # What they asked for is done although the shop is closing.
    with clock.held_at(clock.now() + GRACE + timedelta(hours=1)):
        async with unit_of_work(shop.tenant_id):
            await erase_next()
    states = await shop.rows("SELECT state FROM member WHERE tenant_id = $1")
    assert [row["state"] for row in states] == ["erased", "erased"]


async def test_nobody_joins_who_was_not_there(
    runtime: Runtime, guarded_client: httpx.AsyncClient, shop: Shop, phones: Phones
) -> None:
    app = await with_mini_program(shop, phones)
    await close_tenant(runtime.places.owner(), shop.slug, "")
    variables = {"app": app, "code": await phones.log_in(app, "stranger")}
    answer = await guarded_client.post(
        f"/t/{shop.slug}/member/graphql", json={"query": LOG_IN, "variables": variables}
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "TENANT_CLOSING"
    assert await shop.rows("SELECT id FROM member WHERE tenant_id = $1") == []


def test_what_is_left_while_a_tenant_is_closing_is_written_here() -> None:
    left = {each: left_while_closing(compose(each, [])) for each in Audience}
    assert left == {
        Audience.MEMBER: {
            "cancelErasure",
            "eraseMe",
            "logIn",
            "requestMyData",
            "withdrawConsent",
        },
        Audience.STAFF: {
            "answerRightsRequest",
            "askApproval",
            "beginStepUp",
            "confirmSecondFactor",
            "confirmStepUp",
            "decideApproval",
            "eraseMember",
            "exportLink",
            "handOverMemberData",
            "requestExport",
            "revokeExport",
            "signIn",
            "signOut",
            "signOutEverywhere",
        },
    }
