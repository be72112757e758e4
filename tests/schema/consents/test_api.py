"""Consent through the API: members say it, staff publish the texts and see how members stand."""

from typing import Any

import httpx
import pytest
from tests.support.shop import Shop

PHONE = "13800138000"
PUBLISH = """
mutation ($purpose: ConsentPurpose!, $zh: String!) {
  publishPrivacyText(purpose: $purpose, zh: $zh, en: "Text") { version errors { code } }
}
"""
ME = "{ me { consents { purpose version text { zh en } state at } } }"
GIVE = """
mutation ($purpose: ConsentPurpose!, $version: Int!, $guardian: String) {
  giveConsent(purpose: $purpose, version: $version, scene: "pages/login", guardian: $guardian) {
    consents { purpose state } errors { code path }
  }
}
"""
WITHDRAW = """
mutation { withdrawConsent(purpose: MARKETING) { consents { purpose state } errors { code } } }
"""


async def _asked(
    client: httpx.AsyncClient, shop: Shop, audience: str, document: str, **variables: Any
) -> dict[str, Any]:
    headers = await (shop.login(PHONE) if audience == "member" else shop.staff_login(audience))
    door = "member" if audience == "member" else "staff"
    answer = await client.post(
        f"/t/{shop.slug}/{door}/graphql",
        json={"query": document, "variables": variables},
        headers={**headers, "user-agent": "shuke-test/1"},
    )
    body: dict[str, Any] = answer.json()
    return body


async def _told(*args: Any, **variables: Any) -> Any:
    body = await _asked(*args, **variables)
    assert "errors" not in body, body["errors"]
    return body["data"]


@pytest.fixture
async def texts(client: httpx.AsyncClient, shop: Shop) -> None:
    for purpose in ("PRIVACY", "MARKETING"):
        told = await _told(client, shop, "admin", PUBLISH, purpose=purpose, zh=purpose)
        assert told["publishPrivacyText"] == {"version": 1, "errors": []}


async def test_a_member_gives_and_withdraws(
    client: httpx.AsyncClient, shop: Shop, texts: None
) -> None:
    before = (await _told(client, shop, "member", ME))["me"]["consents"]
    assert [(each["purpose"], each["state"], each["at"]) for each in before] == [
        ("PRIVACY", "ASKED", None),
        ("MARKETING", "ASKED", None),
    ]
    assert before[0]["text"] == {"zh": "PRIVACY", "en": "Text"}
    given = await _told(client, shop, "member", GIVE, purpose="MARKETING", version=1)
    assert given["giveConsent"] == {
        "consents": [
            {"purpose": "PRIVACY", "state": "ASKED"},
            {"purpose": "MARKETING", "state": "GIVEN"},
        ],
        "errors": [],
    }
    taken = (await _told(client, shop, "member", WITHDRAW))["withdrawConsent"]
    assert taken["consents"][1] == {"purpose": "MARKETING", "state": "WITHDRAWN"}
    rows = await shop.rows(
        "SELECT state, scene, agent FROM consent WHERE tenant_id = $1 ORDER BY recorded_at"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("given", "pages/login", "shuke-test/1"),
        ("withdrawn", "", "shuke-test/1"),
    ]


async def test_refusals_are_data(client: httpx.AsyncClient, shop: Shop, texts: None) -> None:
    old = await _told(client, shop, "member", GIVE, purpose="PRIVACY", version=9)
    assert old["giveConsent"] == {
        "consents": None,
        "errors": [{"code": "CONSENT_TEXT_OUTDATED", "path": ["version"]}],
    }
    blank = await _told(client, shop, "admin", PUBLISH, purpose="PRIVACY", zh=" ")
    assert blank["publishPrivacyText"]["errors"] == [{"code": "PRIVACY_TEXT_INVALID"}]
    assert (await shop.rows("SELECT id FROM consent WHERE tenant_id = $1")) == []


async def test_staff_see_how_members_stand_and_only_some_publish(
    client: httpx.AsyncClient, shop: Shop, texts: None
) -> None:
    member_id = await shop.member(PHONE)
    await _told(client, shop, "member", GIVE, purpose="PRIVACY", version=1)
    seen = await _told(
        client,
        shop,
        "clerk",
        "query ($id: ID!) { member(id: $id) { consents { purpose state } } }",
        id=str(member_id),
    )
    assert seen["member"]["consents"][0] == {"purpose": "PRIVACY", "state": "GIVEN"}
    refused = await _asked(client, shop, "operator", PUBLISH, purpose="PRIVACY", zh="x")
    assert refused["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
