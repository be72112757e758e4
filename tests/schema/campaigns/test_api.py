"""Campaigns through both APIs: from a draft of staff to what a member is given, and what came of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.core.campaigns.offers import EVERYTHING, WOMEN, done, people, running
from tests.schema.staff.staff import ask as ask_staff
from tests.schema.staff.staff import code_of, data
from tests.support.reading import page_of, told_staff
from tests.support.shop import Shop

from shuke_core.campaigns.effect import MOST_DAYS, effect_of
from shuke_core.campaigns.errors import CampaignInvalid, CampaignUnknown
from shuke_core.campaigns.rules import Act, CampaignPhase, State, phase_of
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_core.rules.services import save_rule
from shuke_core.tenants.queries import this_tenant

PHONE = "13800138000"
CREATE = """
mutation ($campaign: NewCampaignInput!) {
  createCampaign(campaign: $campaign) {
    campaign { id code phase version channels audience { version name } left }
    errors { code path message }
  }
}
"""
CHANGE = """
mutation ($id: ID!, $version: Int!, $change: CampaignChangeInput!) {
  changeCampaign(id: $id, version: $version, change: $change) {
    campaign { nameZh version places audience { ruleId } } errors { code path }
  }
}
"""
DECIDE = """
mutation ($id: ID!, $version: Int!) {
  %s(id: $id, version: $version) { campaign { phase version } errors { code path } }
}
"""
ONE = """
query ($id: ID!) {
  campaign(id: $id) {
    code phase timesJoined spentPoints left submittedBy { handle } approvedBy { handle }
    rates { seen joined rewarded joinedPerMille rewardedPerMille }
    participants { edges { node { kind times points member { maskedPhone } } } }
  }
}
"""
RUNNING = """
{
  campaigns {
    id nameZh secondsLeft left rewardPoints perMember timesJoined joinable channels
  }
  me { benefits { kind kindZh nameZh state amount timesLeft until } }
}
"""
JOIN = """
mutation ($id: ID!, $key: String!) {
  joinCampaign(id: $id, idempotencyKey: $key) {
    timesJoined points campaign { left joinable timesJoined } errors { code path }
  }
}
"""
SEE = "mutation ($ids: [ID!]!) { seeCampaigns(ids: $ids) { counted } }"
EFFECT = """
query ($id: ID!, $since: Date!, $until: Date!, $where: JSON) {
  campaignEffect(id: $id, since: $since, until: $until, where: $where) {
    day joined pointsGiven pointsTakenBack orders totalFen refundedFen
  }
}
"""


async def _member(
    client: httpx.AsyncClient, shop: Shop, document: str, phone: str = PHONE, **variables: Any
) -> Any:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": document, "variables": variables},
        headers=await shop.login(phone),
    )
    body = answer.json()
    assert "errors" not in body, body["errors"]
    return body["data"]


def _said(**more: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "code": "DEC12",
        "nameZh": "双十二",
        "nameEn": "Double twelve",
        "startsAt": (now - timedelta(hours=1)).isoformat(),
        "endsAt": (now + timedelta(days=1)).isoformat(),
        **more,
    }


async def _set(shop: Shop, member: UUID, column: str, value: object) -> None:
    await shop.rows(
        f"UPDATE member SET {column} = $3 WHERE tenant_id = $1 AND id = $2", member, value
    )


async def test_from_a_draft_to_points(client: httpx.AsyncClient, shop: Shop) -> None:
    said = _said(places=2, rewardPoints=10, budgetPoints=100)
    made = (await data(client, shop, CREATE, "operator", campaign=said))["createCampaign"]
    assert made["errors"] == []
    campaign = made["campaign"]
    assert (campaign["phase"], campaign["left"], campaign["channels"], campaign["audience"]) == (
        *("DRAFT", 2, ["MINI_PROGRAM"]),
        None,
    )
    named = {"id": campaign["id"], "version": 1}
    submit, approve = DECIDE % "submitCampaign", DECIDE % "approveCampaign"
    assert (await data(client, shop, submit, "operator", **named))["submitCampaign"] == {
        "campaign": {"phase": "SUBMITTED", "version": 2},
        "errors": [],
    }
    refused = await ask_staff(client, shop, approve, "operator", **{**named, "version": 2})
    assert code_of(refused) == "PERMISSION_DENIED"
    assert (await data(client, shop, approve, "admin", **{**named, "version": 2}))[
        "approveCampaign"
    ] == {"campaign": {"phase": "RUNNING", "version": 3}, "errors": []}
    shown = await _member(client, shop, RUNNING)
    (offer,) = shown["campaigns"]
    assert 86_000 < offer.pop("secondsLeft") <= 86_400
    assert offer == {
        "id": campaign["id"],
        "nameZh": "双十二",
        "left": 2,
        "rewardPoints": 10,
        "perMember": 1,
        "timesJoined": 0,
        "joinable": True,
        "channels": ["MINI_PROGRAM"],
    }
    (benefit,) = shown["me"]["benefits"]
    assert datetime.fromisoformat(benefit.pop("until")) > clock.now()
    assert benefit == {
        "kind": "campaign",
        "kindZh": "活动",
        "nameZh": "双十二",
        "state": "JOINABLE",
        "amount": 10,
        "timesLeft": 2,
    }
    assert await _member(client, shop, SEE, ids=[campaign["id"], "x"]) == {
        "seeCampaigns": {"counted": 1}
    }
    assert await _member(client, shop, SEE, "13800138001", ids=[campaign["id"]]) == {
        "seeCampaigns": {"counted": 1}
    }
    for key in ("a", "a", "b"):  # the same again, and asked anew
        told = (await _member(client, shop, JOIN, id=campaign["id"], key=key))["joinCampaign"]
        assert told == {
            "timesJoined": 1,
            "points": 0 if key == "b" else 10,
            "campaign": {"left": 1, "joinable": False, "timesJoined": 1},
            "errors": [],
        }
    one = (await data(client, shop, ONE, "operator", id=campaign["id"]))["campaign"]
    assert one == {
        "code": "DEC12",
        "phase": "RUNNING",
        "timesJoined": 1,
        "spentPoints": 10,
        "left": 1,
        "submittedBy": {"handle": "operator"},
        "approvedBy": {"handle": "admin"},
        "rates": {
            "seen": 2,
            "joined": 1,
            "rewarded": 1,
            "joinedPerMille": 500,
            "rewardedPerMille": 1000,
        },
        "participants": {
            "edges": [
                {
                    "node": {
                        "kind": "JOINED",
                        "times": 1,
                        "points": 0,
                        "member": {"maskedPhone": "138****8000"},
                    }
                }
            ]
        },
    }
    benefits = (await _member(client, shop, RUNNING))["me"]["benefits"]
    assert [(each["kind"], each["state"], each["amount"]) for each in benefits] == [
        ("points", "AVAILABLE", 10),
        ("campaign", "JOINED", 10),
    ]


async def test_what_is_refused_says_why_and_where(client: httpx.AsyncClient, shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        rule = await save_rule("女会员", "member", WOMEN, EVERYTHING, None)
    made = (await data(client, shop, CREATE, campaign=_said()))["createCampaign"]["campaign"]

    async def created(**said: Any) -> tuple[str, list[str]]:
        (error,) = (await data(client, shop, CREATE, campaign=_said(**said)))["createCampaign"][
            "errors"
        ]
        return error["code"], error["path"]

    assert await created() == ("CAMPAIGN_CODE_TAKEN", ["code"])
    assert await created(code="X", places=0) == ("CAMPAIGN_INVALID", [])
    for unknown in ("x", made["id"]):
        assert await created(code="X", audienceRuleId=unknown) == (
            "RULE_UNKNOWN",
            ["audienceRuleId"],
        )

    async def changed(version: int, **change: Any) -> Any:
        named = {"id": made["id"], "version": version, "change": change}
        return (await data(client, shop, CHANGE, **named))["changeCampaign"]

    told = await changed(1, nameZh="双12", places=5, audienceRuleId=str(rule.rule_id))
    assert told["campaign"] == {
        "nameZh": "双12",
        "version": 2,
        "places": 5,
        "audience": {"ruleId": str(rule.rule_id)},
    }
    told = await changed(1, nameZh="x")
    assert (told["campaign"]["version"], told["errors"][0]["code"]) == (2, "CAMPAIGN_CHANGED")
    told = await changed(2, places=None, audienceRuleId=None)
    assert told["campaign"] == {"nameZh": "双12", "version": 3, "places": None, "audience": None}
    await done(shop, UUID(made["id"]), Act.SUBMIT)
    told = await changed(4, perMember=2)
    assert told == {"campaign": None, "errors": [{"code": "CAMPAIGN_APPROVED", "path": []}]}
    submit = DECIDE % "submitCampaign"
    for unknown, code in ((made["id"], "CAMPAIGN_STATE_REFUSED"), ("x", "CAMPAIGN_UNKNOWN")):
        told = (await data(client, shop, submit, id=unknown, version=4))["submitCampaign"]
        assert [each["code"] for each in told["errors"]] == [code]


async def test_a_member_is_told_why_not(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    staff = await people(shop)
    theirs = await running(other_shop, await people(other_shop))
    women = await running(shop, staff, "WOMEN", audience=WOMEN)
    full = await running(shop, staff, "FULL", places=1)
    paused = await running(shop, staff, "PAUSED")
    await done(shop, paused, Act.PAUSE, by=staff[0])
    await _member(client, shop, JOIN, "13800138009", id=str(full), key="k")
    for nth, (campaign, code) in enumerate(
        (
            *((women, "CAMPAIGN_NOT_FOR_MEMBER"), (full, "CAMPAIGN_FULL")),
            *((paused, "CAMPAIGN_CLOSED"), (theirs, "CAMPAIGN_UNKNOWN"), ("x", "CAMPAIGN_UNKNOWN")),
        )
    ):
        told = await _member(client, shop, JOIN, id=str(campaign), key=f"k{nth}")
        assert told["joinCampaign"] == {
            "timesJoined": None,
            "points": None,
            "campaign": None,
            "errors": [{"code": code, "path": ["id"]}],
        }


async def test_the_effect_is_told_by_day_and_by_segment(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    campaign = await running(shop, await people(shop), reward_points=10)
    await _set(shop, await shop.member(PHONE), "gender", "female")
    for phone in (PHONE, "13800138001"):
        await _member(client, shop, JOIN, phone, id=str(campaign), key="k")
    sale = shop.ticket(phone=PHONE, total="30.00", campaign="DEC12")
    await shop.sold(
        sale,
        shop.ticket(phone="13800138001", total="50.00", campaign="DEC12"),
        shop.ticket(total="7.00", campaign="DEC12"),
        shop.ticket(phone=PHONE, total="99.00"),
    )
    await shop.sold(shop.refund(sale, "5.00"))
    async with unit_of_work(shop.tenant_id):
        today = clock.now().astimezone((await this_tenant()).zone).date()
    asked = {
        "id": str(campaign),
        "since": (today - timedelta(days=1)).isoformat(),
        "until": today.isoformat(),
    }
    days = (await data(client, shop, EFFECT, **asked))["campaignEffect"]
    assert [each.pop("day") for each in days] == [asked["since"], asked["until"]]
    nothing = dict.fromkeys(
        ("joined", "pointsGiven", "pointsTakenBack", "orders", "totalFen", "refundedFen"), 0
    )
    assert days == [
        nothing,
        {
            "joined": 2,
            "pointsGiven": 100,
            "pointsTakenBack": 5,
            "orders": 3,
            "totalFen": 8_700,
            "refundedFen": 500,
        },
    ]
    days = (await data(client, shop, EFFECT, **asked, where=WOMEN))["campaignEffect"]
    assert days[1] | {"day": None} == {
        "day": None,
        "joined": 1,
        "pointsGiven": 40,
        "pointsTakenBack": 5,
        "orders": 1,
        "totalFen": 3_000,
        "refundedFen": 500,
    }


async def test_days_of_an_effect_follow_and_are_few(shop: Shop, other_shop: Shop) -> None:
    campaign = await running(shop, await people(shop))
    theirs = await running(other_shop, await people(other_shop))
    today = clock.now().date()
    async with unit_of_work(shop.tenant_id):
        assert len(await effect_of(campaign, today - timedelta(days=MOST_DAYS - 1), today)) == 366
        for first in (today - timedelta(days=MOST_DAYS), today + timedelta(days=1)):
            with pytest.raises(CampaignInvalid):
                await effect_of(campaign, first, today)
        with pytest.raises(CampaignUnknown):
            await effect_of(theirs, today, today)


async def test_lists_are_by_the_phase_of_now(client: httpx.AsyncClient, shop: Shop) -> None:
    staff = await people(shop)
    for code in ("A", "B"):
        await running(shop, staff, code)
    early = {"starts_at": clock.now() + timedelta(days=1)}
    await running(shop, staff, "EARLY", **early)
    listed = """
    query ($phase: CampaignPhase) {
      campaigns(phase: $phase) { edges { node { code phase startsAt endsAt } } }
    }
    """

    async def codes(phase: str | None) -> list[str]:
        page = (await data(client, shop, listed, phase=phase))["campaigns"]
        return [edge["node"]["code"] for edge in page["edges"]]

    assert await codes(None) == ["EARLY", "B", "A"]
    assert (await codes("RUNNING"), await codes("APPROVED")) == (["B", "A"], ["EARLY"])
    assert await codes("ENDED") == []


async def test_the_phase_in_sql_is_the_phase_in_python(shop: Shop) -> None:
    campaign = await running(shop, await people(shop))
    (row,) = await shop.rows("SELECT starts_at, ends_at FROM campaign WHERE tenant_id = $1")
    tick = timedelta(microseconds=1)
    moments = [row["starts_at"] - tick, row["starts_at"], row["ends_at"] - tick, row["ends_at"]]
    for state in State:
        await shop.rows("UPDATE campaign SET state = $2 WHERE tenant_id = $1", state.value)
        for moment in moments:
            with clock.held_at(moment):
                async with unit_of_work(shop.tenant_id):
                    found = await told_staff(f'{{ campaign(id: "{campaign}") {{ phase }} }}')
            expected = phase_of(state, row["starts_at"], row["ends_at"], moment)
            assert CampaignPhase[found["campaign"]["phase"]] is expected


async def test_a_first_screen_of_a_member_is_few_statements(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, member = await people(shop), await shop.member(PHONE)
    await running(shop, staff, "A", audience=WOMEN)
    for n in range(5):
        await running(shop, staff, f"B{n}", audience={"not": WOMEN})
    sent: list[str] = []

    def watch(name: str) -> None:
        sends = getattr(UnitConnection, name)

        async def noted(self: UnitConnection, sql: str, *values: object) -> Any:
            sent.append(sql)
            return await sends(self, sql, *values)

        monkeypatch.setattr(UnitConnection, name, noted)

    async with unit_of_work(shop.tenant_id):
        await page_of(member, RUNNING)
        for name in ("fetch", "fetch_value", "read"):
            watch(name)
        for document, statements in (
            ("{ campaigns { id left joinable secondsLeft } }", 2),
            ("{ me { benefits { kind state } } }", 3),  # whose they are, and these two
        ):
            sent.clear()
            await page_of(member, document)
            about = [sql for sql in sent if "FROM tenant" not in sql]
            assert len(about) == statements, about
