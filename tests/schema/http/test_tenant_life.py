"""Doors of a tenant that is suspended or closing: who is refused, with which code."""

import httpx
import pytest
from tests.support.shop import Shop

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


def test_what_is_left_while_a_tenant_is_closing_is_written_here() -> None:
    left = {each: left_while_closing(compose(each, [])) for each in Audience}
    assert left == {
        Audience.MEMBER: frozenset(),
        Audience.STAFF: {
            "askApproval",
            "beginStepUp",
            "confirmSecondFactor",
            "confirmStepUp",
            "decideApproval",
            "exportLink",
            "requestExport",
            "revokeExport",
            "signIn",
            "signOut",
            "signOutEverywhere",
        },
    }
