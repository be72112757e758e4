"""People's rights through the API: a member asks, staff answer, hand over and erase."""

from typing import Any

import httpx
from tests.support.accounts import step_up_of
from tests.support.shop import Shop

PHONE = "13800138000"
REASON = "本人到店申请"
ME = "{ me { rightsRequests { id kind state dueOn actsAt doneAt note answer } } }"


async def _asked(
    client: httpx.AsyncClient, shop: Shop, who: str, document: str, **variables: Any
) -> dict[str, Any]:
    headers = await (shop.login(PHONE) if who == "member" else shop.staff_login(who))
    door = "member" if who == "member" else "staff"
    answer = await client.post(
        f"/t/{shop.slug}/{door}/graphql",
        json={"query": document, "variables": variables},
        headers=headers,
    )
    body: dict[str, Any] = answer.json()
    return body


async def _told(*args: Any, **variables: Any) -> Any:
    body = await _asked(*args, **variables)
    assert "errors" not in body, body["errors"]
    return body["data"]


async def test_a_member_has_all_their_data(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE))
    told = await _told(
        client, shop, "member", "mutation { requestMyData { document errors { code } } }"
    )
    document = told["requestMyData"]["document"]
    (identity,) = [e for e in document["holdings"] if e["key"] == "member_identity"]
    assert identity["label"] == {"zh": "身份标识", "en": "Identities"}
    assert identity["rows"][0]["value"] == f"+86{PHONE}"
    (request,) = (await _told(client, shop, "member", ME))["me"]["rightsRequests"]
    assert (request["kind"], request["state"]) == ("ACCESS", "DONE")


async def test_an_erasure_is_confirmed_shown_and_cancelled(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    erase = """
    mutation ($it: String!) {
      eraseMe(confirmation: $it) { request { state actsAt } errors { code path } }
    }
    """
    unsure = await _told(client, shop, "member", erase, it="ok")
    assert unsure["eraseMe"] == {
        "request": None,
        "errors": [{"code": "ERASURE_NOT_CONFIRMED", "path": ["confirmation"]}],
    }
    sure = (await _told(client, shop, "member", erase, it="注销"))["eraseMe"]
    assert sure["request"]["state"] == "OPEN"
    (shown,) = (await _told(client, shop, "member", ME))["me"]["rightsRequests"]
    assert (shown["kind"], shown["actsAt"]) == ("ERASURE", sure["request"]["actsAt"])
    cancel = "mutation { cancelErasure { errors { code } } }"
    assert (await _told(client, shop, "member", cancel))["cancelErasure"] == {"errors": []}
    again = (await _told(client, shop, "member", cancel))["cancelErasure"]
    assert again["errors"] == [{"code": "RIGHTS_REQUEST_UNKNOWN"}]


async def test_staff_see_what_is_open_and_answer_it(client: httpx.AsyncClient, shop: Shop) -> None:
    ask = (
        'mutation { requestCorrection(note: "生日写错了") { request { id note } errors { code } } }'
    )
    asked = (await _told(client, shop, "member", ask))["requestCorrection"]["request"]
    assert asked["note"] == "生日写错了"
    listed = "{ rightsRequests { edges { node { id note member { maskedPhone } } } } }"
    (edge,) = (await _told(client, shop, "admin", listed))["rightsRequests"]["edges"]
    assert edge["node"] == {**asked, "member": {"maskedPhone": "138****8000"}}
    answer = """
    mutation ($id: ID!) {
      answerRightsRequest(id: $id, answer: "已改正") { request { state answer } errors { code } }
    }
    """
    told = await _told(client, shop, "admin", answer, id=asked["id"])
    assert told["answerRightsRequest"] == {
        "request": {"state": "DONE", "answer": "已改正"},
        "errors": [],
    }
    (mine,) = (await _told(client, shop, "member", ME))["me"]["rightsRequests"]
    assert mine["answer"] == "已改正"
    refused = await _asked(client, shop, "operator", listed)
    assert refused["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


ERASE = """
mutation ($member: ID!, $ground: ErasureGround!, $stepUp: ID) {
  eraseMember(member: $member, ground: $ground, stepUp: $stepUp) { errors { code path } }
}
"""
HAND_OVER = """
mutation ($member: ID!, $reason: String!, $stepUp: ID) {
  handOverMemberData(member: $member, reason: $reason, stepUp: $stepUp) {
    document errors { code }
  }
}
"""


async def test_staff_hand_data_over_and_erase_with_a_step_up(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = str(await shop.member(PHONE))
    meant = {"member": member, "reason": REASON}
    gone = {"member": member, "ground": "asked_in_person"}  # as a step-up names it
    erased = gone | {"ground": "ASKED_IN_PERSON"}
    login = await shop.login(PHONE)
    bare = await _told(client, shop, "admin", ERASE, **erased)
    assert bare["eraseMember"]["errors"] == [{"code": "STEP_UP_REQUIRED", "path": ["stepUp"]}]
    grant = await step_up_of(shop, "admin", "members.hand_over_data", meant)
    handed = await _told(client, shop, "admin", HAND_OVER, **meant, stepUp=grant)
    assert handed["handOverMemberData"]["document"]["profile"]["maskedPhone"] == "138****8000"
    grant = await step_up_of(shop, "admin", "members.erase", gone)
    done = await _told(client, shop, "admin", ERASE, **erased, stepUp=grant)
    assert done["eraseMember"] == {"errors": []}
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql", json={"query": "{ me { id } }"}, headers=login
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
    grant = await step_up_of(shop, "admin", "members.erase", gone)
    again = await _told(client, shop, "admin", ERASE, **erased, stepUp=grant)
    assert again["eraseMember"]["errors"] == [{"code": "MEMBER_UNKNOWN", "path": ["member"]}]


async def test_only_some_may(client: httpx.AsyncClient, shop: Shop) -> None:
    member = str(await shop.member(PHONE))
    for document, why in (
        (ERASE, {"ground": "ASKED_IN_PERSON"}),
        (HAND_OVER, {"reason": REASON}),
    ):
        body = await _asked(client, shop, "operator", document, member=member, **why)
        assert body["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
    assert await shop.knows(PHONE)
