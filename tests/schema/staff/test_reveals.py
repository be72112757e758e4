"""One plain phone, for one reason: who may, what stays of it, how many, and who is told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from tests.schema.staff.staff import ask, code_of, data
from tests.support.exports import staff_id_of
from tests.support.scopes import PHONES, divide
from tests.support.shop import Shop

from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.disclosure.limits import set_disclosure_limits
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.reveals.services import forget_reveals
from shuke_core.staff.services import issue_staff_token

REVEAL = """
mutation ($id: ID!, $reason: String!) {
  it: revealPhone(memberId: $id, reason: $reason) { phone errors { code path } }
}
"""


async def reveal(
    client: httpx.AsyncClient, shop: Shop, member: object, role: str = "clerk", reason: str = "回访"
) -> tuple[str | None, list[str]]:
    """The phone, and the codes with which it was refused."""
    it = (await data(client, shop, REVEAL, role, id=str(member), reason=reason))["it"]
    return it["phone"], [each["code"] for each in it["errors"]]


async def test_a_phone_is_told_and_the_audit_has_the_reason_without_a_number(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await shop.member("13800138000")
    told = await reveal(client, shop, member, reason="  客户 13900139000 来电核对 ")
    assert told == ("+8613800138000", [])
    rows = await shop.rows(
        "SELECT actor_name, subject, member_id, reason FROM audit_entry "
        "WHERE tenant_id = $1 AND act = 'member.phone_revealed'"
    )
    assert rows == [
        {
            "actor_name": "小clerk",
            "subject": f"member:{member}",
            "member_id": member,
            "reason": "",
        }
    ]
    async with unit_of_work(shop.tenant_id):
        entries = await acts_before(Search(act="member.phone_revealed"), None, 9)
        (told_of,) = (await opened_entries(entries)).values()
    assert (told_of.reason, told_of.changes) == ("客户 (phone) 来电核对", None)


async def test_what_is_refused_is_neither_counted_nor_recorded(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await shop.member("13800138000")
    assert await reveal(client, shop, member, reason=" \u200b ") == (
        None,
        ["REVEAL_REASON_MISSING"],
    )
    assert await reveal(client, shop, uuid4()) == (None, ["MEMBER_UNKNOWN"])
    for role in ("operator", "finance", "auditor"):
        body = await ask(client, shop, REVEAL, role, id=str(member), reason="x")
        assert code_of(body) == "PERMISSION_DENIED"
    counted = "SELECT (SELECT count(*) FROM reveal WHERE tenant_id = $1) AS n"
    assert await shop.rows(counted) == [{"n": 0}]
    acts = "SELECT act FROM audit_entry WHERE tenant_id = $1 AND act = 'member.phone_revealed'"
    assert await shop.rows(acts) == []


async def test_an_advisor_reveals_their_own_members_only(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    divided = await divide(shop)
    async with unit_of_work(shop.tenant_id):
        token = await issue_staff_token("ann")
    told: dict[str, Any] = {}
    for whose, member in divided.members.items():
        answer = await client.post(
            f"/t/{shop.slug}/staff/graphql",
            json={"query": REVEAL, "variables": {"id": str(member), "reason": "回访"}},
            headers={"authorization": f"Bearer {token}"},
        )
        told[whose] = answer.json()["data"]["it"]
    assert told["ann's"] == {"phone": "+86" + PHONES["ann's"], "errors": []}
    unknown = {"phone": None, "errors": [{"code": "MEMBER_UNKNOWN", "path": ["memberId"]}]}
    assert (told["bob's"], told["nobody's"]) == (unknown, unknown)


async def test_a_person_reveals_so_many_an_hour_and_a_day_whatever_redis_forgets(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 2, 3, 50, 10)
    back = "UPDATE reveal SET revealed_at = revealed_at - $2::interval WHERE tenant_id = $1"
    told: tuple[str | None, list[str]] = ("+8613800138000", [])
    too_many: tuple[str | None, list[str]] = (None, ["REVEALS_TOO_MANY"])
    assert [await reveal(client, shop, member) for _ in range(3)] == [told, told, too_many]
    assert await reveal(client, shop, member, "admin") == told  # somebody else's count
    await shop.rows(back, timedelta(hours=1))
    assert [await reveal(client, shop, member) for _ in range(2)] == [told, too_many]
    await shop.rows(back, timedelta(hours=23))
    assert [await reveal(client, shop, member) for _ in range(2)] == [told, told]
    assert await reveal(client, shop, member) == too_many


ALERTS = "{ alerts { edges { node { kind subject times role } } } }"


async def _alerts(client: httpx.AsyncClient, shop: Shop) -> list[dict[str, Any]]:
    page = (await data(client, shop, ALERTS, "admin"))["alerts"]
    return [edge["node"] for edge in page["edges"]]


async def test_unusual_numbers_are_one_alert_a_person_and_day(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await shop.member("13800138000")
    await shop.staff_login("clerk")
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 100, 100, 3, 10)
        clerk = await staff_id_of("clerk")
    for _ in range(2):
        await reveal(client, shop, member)
    assert await _alerts(client, shop) == []
    for _ in range(3):
        await reveal(client, shop, member)
    (alert,) = await _alerts(client, shop)
    assert alert == {
        "kind": "reveals.unusual",
        "subject": f"staff:{clerk}",
        "times": 3,
        "role": "admin",
    }
    async with unit_of_work(shop.tenant_id):
        assert not await forget_reveals()
    assert len(await _alerts(client, shop)) == 1
    await shop.rows(
        "UPDATE alert SET raised_at = $2 WHERE tenant_id = $1", clock.now() - timedelta(8)
    )
    await shop.rows(
        "UPDATE reveal SET revealed_at = $2 WHERE tenant_id = $1", clock.now() - timedelta(29)
    )
    async with unit_of_work(shop.tenant_id):
        assert not await forget_reveals()
    assert await _alerts(client, shop) == []
    assert await shop.rows("SELECT id FROM reveal WHERE tenant_id = $1") == []


async def test_three_times_a_usual_day_is_unusual(client: httpx.AsyncClient, shop: Shop) -> None:
    member = await shop.member("13800138000")
    await shop.staff_login("clerk")
    async with unit_of_work(shop.tenant_id):
        clerk = await staff_id_of("clerk")
        for day in range(2, 8):  # four on each of six days
            for _ in range(4):
                await fetch(
                    "INSERT INTO reveal (tenant_id, id, staff_id, revealed_at) "
                    "VALUES ($1, $2, $3, $4)",
                    *(new_id(), clerk, clock.now() - timedelta(days=day)),
                )
    for _ in range(11):
        await reveal(client, shop, member)
    assert await _alerts(client, shop) == []
    await reveal(client, shop, member)
    assert [alert["times"] for alert in await _alerts(client, shop)] == [1]
