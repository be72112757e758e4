"""Campaigns as staff have them: four eyes, versions, what may change when, and that it is audited."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from tests.core.campaigns.offers import (
    EVERYTHING,
    NAMES,
    WOMEN,
    done,
    drafted,
    people,
    running,
    terms,
)
from tests.support.shop import Shop

from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.campaigns import services
from shuke_core.campaigns.errors import (
    CampaignApproved,
    CampaignChanged,
    CampaignCodeTaken,
    CampaignInvalid,
    CampaignOwnApproval,
    CampaignStateRefused,
    CampaignsTooMany,
    CampaignUnknown,
)
from shuke_core.campaigns.rules import Act, Channel, Terms
from shuke_core.campaigns.services import (
    Words,
    audience_of,
    change_campaign,
    create_campaign,
    decide,
)
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.rules.errors import RuleInvalid, RuleSubjectWrong
from shuke_core.rules.services import change_rule, save_rule


async def _row(shop: Shop, campaign: UUID, columns: str) -> dict[str, object]:
    (row,) = await shop.rows(
        f"SELECT {columns} FROM campaign WHERE tenant_id = $1 AND id = $2", campaign
    )
    return row


async def test_a_campaign_is_handed_in_by_one_and_approved_by_another(shop: Shop) -> None:
    lin, wu = await people(shop)
    campaign = await drafted(shop)
    await done(shop, campaign, Act.SUBMIT, by=lin)
    for act in (Act.APPROVE, Act.REJECT):
        with pytest.raises(CampaignOwnApproval):
            await done(shop, campaign, act, by=lin)
    assert await _row(shop, campaign, "state, version") == {"state": "submitted", "version": 2}
    assert await done(shop, campaign, Act.APPROVE, by=wu) == 3
    row = await _row(shop, campaign, "state, submitted_by_id, approved_by_id, approved_at")
    assert row["approved_at"] is not None
    assert (row["state"], row["submitted_by_id"], row["approved_by_id"]) == ("approved", lin, wu)


async def test_each_act_is_audited_and_told(shop: Shop) -> None:
    lin, wu = await people(shop)
    campaign = await drafted(shop)
    await done(shop, campaign, Act.SUBMIT, by=lin)
    async with unit_of_work(shop.tenant_id):
        await decide(campaign, 2, Act.REJECT, wu, "预算太高")
    assert await _row(shop, campaign, "state, rejected_because") == {
        "state": "draft",
        "rejected_because": "预算太高",
    }
    await done(shop, campaign, Act.SUBMIT, by=lin)
    acts = (Act.APPROVE, Act.PAUSE, Act.RESUME, Act.REOPEN, Act.CANCEL)
    await done(shop, campaign, *acts, by=wu)
    async with unit_of_work(shop.tenant_id):
        entries = await acts_before(Search(subject=f"campaign:{campaign}"), None, 20)
        opened = await opened_entries(entries)
    assert [entry.act.removeprefix("campaign.") for entry in reversed(entries)] == [
        *("created", "submitted", "rejected", "submitted", "approved"),
        *("paused", "resumed", "reopened", "cancelled"),
    ]
    rejected = next(entry for entry in entries if entry.act == "campaign.rejected")
    assert opened[rejected.id].reason == "预算太高"
    told = await shop.rows(
        "SELECT payload->>'state' AS state FROM event WHERE tenant_id = $1 "
        "AND type = 'campaign.changed' ORDER BY id"
    )
    assert [row["state"] for row in told] == [
        *("draft", "submitted", "draft", "submitted", "approved"),
        *("paused", "approved", "draft", "cancelled"),
    ]


async def test_of_two_who_change_at_once_one_is_told(shop: Shop) -> None:
    campaign = await drafted(shop)
    async with unit_of_work(shop.tenant_id):
        assert await change_campaign(campaign, 1, {"goal": "拉新"}) == 2
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(CampaignChanged, match="version 2"):
            await change_campaign(campaign, 1, {"goal": "促活"})
        with pytest.raises(CampaignChanged):
            await decide(campaign, 1, Act.SUBMIT, None)
        assert await change_campaign(campaign, 2, {"goal": "拉新"}) == 2  # the same is no change
        with pytest.raises(CampaignUnknown):
            await change_campaign(uuid4(), 1, {"goal": "促活"})
    assert await _row(shop, campaign, "goal, version") == {"goal": "拉新", "version": 2}


async def test_what_was_approved_changes_only_by_a_new_approval(shop: Shop) -> None:
    staff = await people(shop)
    campaign = await running(shop, staff, reward_points=5, budget_points=100)
    for changed in (
        {"reward_points": 6},
        {"budget_points": 200},
        {"places": 9},
        {"per_member": 2},
        {"channels": (Channel.STORE,)},
        {"ends_at": clock.now() + timedelta(days=9)},
    ):
        async with unit_of_work(shop.tenant_id):
            with pytest.raises(CampaignApproved):
                await change_campaign(campaign, 3, terms=changed)
    async with unit_of_work(shop.tenant_id):
        assert await change_campaign(campaign, 3, {"name_zh": "双十二"}) == 4
    assert (await _row(shop, campaign, "state"))["state"] == "approved"
    await done(shop, campaign, Act.REOPEN, by=staff[0])
    async with unit_of_work(shop.tenant_id):
        assert await change_campaign(campaign, 5, terms={"reward_points": 6}) == 6
    assert await _row(shop, campaign, "state, reward_points, approved_by_id") == {
        "state": "draft",
        "reward_points": 6,
        "approved_by_id": staff[1],
    }


async def test_nothing_is_done_to_what_is_over(shop: Shop) -> None:
    staff = await people(shop)
    campaign = await running(shop, staff)
    with clock.held_at(clock.now() + timedelta(days=8)):
        for act in (Act.PAUSE, Act.REOPEN, Act.CANCEL):
            with pytest.raises(CampaignStateRefused, match="ended"):
                await done(shop, campaign, act, by=staff[0])
        async with unit_of_work(shop.tenant_id):
            with pytest.raises(CampaignStateRefused):
                await change_campaign(campaign, 3, {"goal": "x"})
    await done(shop, campaign, Act.CANCEL, by=staff[0])
    with pytest.raises(CampaignStateRefused, match="cancelled"):
        await done(shop, campaign, Act.RESUME, by=staff[0])


async def test_a_window_that_has_passed_is_not_handed_in(shop: Shop) -> None:
    lin, wu = await people(shop)
    campaign = await drafted(shop)
    late = clock.now() + timedelta(days=8)
    with clock.held_at(late), pytest.raises(CampaignInvalid, match="endsAt"):
        await done(shop, campaign, Act.SUBMIT, by=lin)
    await done(shop, campaign, Act.SUBMIT, by=lin)
    with clock.held_at(late):
        with pytest.raises(CampaignInvalid, match="endsAt"):
            await done(shop, campaign, Act.APPROVE, by=wu)
        await done(shop, campaign, Act.REJECT, by=wu)


async def test_a_moment_without_a_zone_is_of_the_tenants_clock(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        campaign = await create_campaign(
            "DEC12",
            NAMES,
            Terms(datetime(2026, 12, 12), datetime(2026, 12, 13, 8)),  # noqa: DTZ001
        )
    assert await _row(shop, campaign, "starts_at, ends_at") == {
        "starts_at": datetime(2026, 12, 11, 16, tzinfo=UTC),
        "ends_at": datetime(2026, 12, 13, 0, tzinfo=UTC),
    }


async def test_what_is_not_possible_is_refused_by_its_field(shop: Shop) -> None:
    await drafted(shop)
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(CampaignCodeTaken):
            await create_campaign("DEC12", NAMES, terms())
        for code in ("", "双十二", "a b"):
            with pytest.raises(CampaignInvalid, match="code"):
                await create_campaign(code, NAMES, terms())
        for words, field in (
            (Words("", "x"), "nameZh"),
            (Words("x", "x" * 61), "nameEn"),
            (Words("x", "x", "x" * 501), "goal"),
        ):
            with pytest.raises(CampaignInvalid, match=field):
                await create_campaign("OTHER", words, terms())
    rows = await shop.rows("SELECT code FROM campaign WHERE tenant_id = $1")
    assert rows == [{"code": "DEC12"}]


async def test_an_audience_is_the_version_of_its_day(shop: Shop) -> None:
    campaign = await drafted(shop, audience=WOMEN)
    pinned = (
        "SELECT v.version, v.rule_id FROM campaign c JOIN rule_version v ON v.tenant_id = $1 "
        "AND v.id = c.audience_id WHERE c.tenant_id = $1 AND c.id = $2"
    )
    (row,) = await shop.rows(pinned, campaign)
    men = {"field": "member.gender", "op": "eq", "value": "male"}
    async with unit_of_work(shop.tenant_id):
        await change_rule(row["rule_id"], 1, "受众", men, EVERYTHING, None)
        newest = await audience_of(row["rule_id"], EVERYTHING)
    assert (await shop.rows(pinned, campaign)) == [row]
    assert row["version"] == 1
    async with unit_of_work(shop.tenant_id):
        await change_campaign(campaign, 1, terms={"audience_id": newest})
    assert (await shop.rows(pinned, campaign))[0]["version"] == 2


async def test_an_audience_is_about_members_and_of_what_its_author_may_see(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        orders = await save_rule(
            "大单", "order", {"field": "order.total", "op": "gte", "value": 9}, EVERYTHING, None
        )
        buyers = await save_rule(
            "有积分",
            "member",
            {"field": "member.points", "op": "gte", "value": 9},
            EVERYTHING,
            None,
        )
        with pytest.raises(RuleSubjectWrong):
            await audience_of(orders.rule_id, EVERYTHING)
        with pytest.raises(RuleInvalid):
            await audience_of(buyers.rule_id, Rights.of((), EVERY_CLASS))


async def test_no_more_run_than_a_members_list_holds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = await people(shop)
    monkeypatch.setattr(services, "MOST_LIVE", 2)
    first = await running(shop, staff, "A")
    await running(shop, staff, "B")
    with pytest.raises(CampaignsTooMany):
        await running(shop, staff, "C")
    await done(shop, first, Act.CANCEL, by=staff[0])
    await running(shop, staff, "D")
