"""Taking part: whom a campaign is for, how often, what is left of it, and that points come once."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from tests.core.campaigns.offers import WOMEN, done, drafted, people, running
from tests.support.shop import Shop

from shuke_core.blocks.queries import BlockPurpose
from shuke_core.blocks.services import block_member
from shuke_core.campaigns import participation
from shuke_core.campaigns.errors import (
    CampaignClosed,
    CampaignFull,
    CampaignInvalid,
    CampaignNotForMember,
    CampaignUnknown,
)
from shuke_core.campaigns.participation import Joined, join_campaign, see_campaigns
from shuke_core.campaigns.rules import Act
from shuke_core.campaigns.services import change_campaign
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.plugin_host import disable_plugin, enable_plugin

PHONE = "13800138000"
NEW = Joined(1, 0, is_new=True)


async def _join(shop: Shop, member: UUID, campaign: UUID) -> Joined:
    async with unit_of_work(shop.tenant_id):
        return await join_campaign(member, campaign)


async def _facts(shop: Shop, member: UUID) -> dict[str, tuple[int, int]]:
    rows = await shop.rows(
        "SELECT kind, times, points FROM campaign_participation WHERE tenant_id = $1 "
        "AND member_id = $2",
        member,
    )
    return {row["kind"]: (row["times"], row["points"]) for row in rows}


async def _used(shop: Shop, campaign: UUID) -> tuple[int, int]:
    (row,) = await shop.rows(
        "SELECT joined, spent_points FROM campaign WHERE tenant_id = $1 AND id = $2", campaign
    )
    return row["joined"], row["spent_points"]


async def _set(shop: Shop, member: UUID, column: str, value: object) -> None:
    await shop.rows(
        f"UPDATE member SET {column} = $3 WHERE tenant_id = $1 AND id = $2", member, value
    )


async def test_a_member_joins_once_and_is_rewarded_once_for_the_campaign(shop: Shop) -> None:
    campaign = await running(shop, await people(shop), reward_points=30)
    member = await shop.member(PHONE)
    assert await _join(shop, member, campaign) == Joined(1, 30, is_new=True)
    assert await _join(shop, member, campaign) == Joined(1, 0, is_new=False)
    assert await _facts(shop, member) == {"seen": (1, 0), "joined": (1, 0), "rewarded": (1, 30)}
    assert await _used(shop, campaign) == (1, 30)
    entries = await shop.rows(
        "SELECT cause_type, amount, campaign_id FROM ledger_entry WHERE tenant_id = $1"
    )
    assert entries == [{"cause_type": "campaign", "amount": 30, "campaign_id": campaign}]
    told = await shop.rows(
        "SELECT payload->>'nth' AS nth, payload->>'points' AS points FROM event "
        "WHERE tenant_id = $1 AND type = 'campaign.joined'"
    )
    assert told == [{"nth": "1", "points": "30"}]
    assert (await shop.verified()).differences == 0


async def test_who_may_take_part_three_times_is_rewarded_three_times(shop: Shop) -> None:
    campaign = await running(shop, await people(shop), reward_points=5, per_member=3)
    member = await shop.member(PHONE)
    answers = [await _join(shop, member, campaign) for _ in range(4)]
    assert [(each.nth, each.points) for each in answers] == [(1, 5), (2, 5), (3, 5), (3, 0)]
    assert await _facts(shop, member) == {"seen": (1, 0), "joined": (3, 0), "rewarded": (3, 15)}
    rows = await shop.rows("SELECT amount FROM ledger_entry WHERE tenant_id = $1")
    assert [row["amount"] for row in rows] == [5, 5, 5]


async def test_places_and_budget_run_out_and_nothing_is_kept_of_who_came_late(shop: Shop) -> None:
    staff = await people(shop)
    places = await running(shop, staff, "PLACES", places=2)
    budget = await running(shop, staff, "BUDGET", reward_points=10, budget_points=25)
    members = [await shop.member(f"1380013800{n}") for n in range(3)]
    for campaign in (places, budget):
        for member in members[:2]:
            assert (await _join(shop, member, campaign)).is_new
        with pytest.raises(CampaignFull):
            await _join(shop, members[2], campaign)
        assert not (await _join(shop, members[0], campaign)).is_new  # theirs stands
    assert await _facts(shop, members[2]) == {}
    assert (await _used(shop, places), await _used(shop, budget)) == ((2, 0), (2, 20))


async def test_nobody_joins_what_does_not_run(shop: Shop, other_shop: Shop) -> None:
    staff = await people(shop)
    member = await shop.member(PHONE)
    campaign = await running(shop, staff)
    theirs = await running(other_shop, await people(other_shop))
    now = clock.now()
    for moment in (now - timedelta(hours=2), now + timedelta(days=7)):
        with clock.held_at(moment), pytest.raises(CampaignClosed):
            await _join(shop, member, campaign)
    for unknown in (uuid4(), theirs, await drafted(shop, "DRAFT")):
        with pytest.raises(CampaignUnknown):
            await _join(shop, member, unknown)
    for act in (Act.PAUSE, Act.CANCEL):
        await done(shop, campaign, act, by=staff[0])
        with pytest.raises(CampaignClosed):
            await _join(shop, member, campaign)
    assert await _facts(shop, member) == {}


async def test_whom_it_is_for_is_decided_with_the_facts_of_the_moment(shop: Shop) -> None:
    campaign = await running(shop, await people(shop), audience=WOMEN)
    member = await shop.member(PHONE)
    with pytest.raises(CampaignNotForMember):  # it is not known
        await _join(shop, member, campaign)
    await _set(shop, member, "gender", "male")
    with pytest.raises(CampaignNotForMember):
        await _join(shop, member, campaign)
    await _set(shop, member, "gender", "female")
    assert await _join(shop, member, campaign) == NEW


async def test_a_rule_whose_words_are_gone_is_for_nobody(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    spent = {"not": {"field": "retail.orders", "op": "gte", "value": 1}}
    campaign = await running(shop, await people(shop), audience=spent)
    member = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await disable_plugin("retail")
    with pytest.raises(CampaignNotForMember):
        await _join(shop, member, campaign)


async def test_visitors_children_and_who_is_kept_from_points_do_not_join(shop: Shop) -> None:
    staff = await people(shop)
    gifts = await running(shop, staff, "GIFT", reward_points=5)
    plain = await running(shop, staff, "PLAIN")
    child, blocked, visitor = [await shop.member(f"1380013800{n}") for n in range(3)]
    await _set(shop, child, "birthday", clock.now().date() - timedelta(days=13 * 365))
    await _set(shop, visitor, "state", "visitor")
    async with unit_of_work(shop.tenant_id):
        await block_member(blocked, BlockPurpose.POINTS, "刷单", None)
    for member, campaign in ((child, plain), (child, gifts), (blocked, gifts)):
        with pytest.raises(CampaignNotForMember):
            await _join(shop, member, campaign)
    with pytest.raises(MemberUnknown):
        await _join(shop, visitor, plain)
    assert await _join(shop, blocked, plain) == NEW  # it gives no points
    await _set(shop, child, "birthday", date(1990, 1, 1))
    assert (await _join(shop, child, gifts)).points == 5


async def test_who_looked_at_other_terms_looks_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = await people(shop)
    campaign = await running(shop, staff, reward_points=5)
    member = await shop.member(PHONE)
    look, looks = participation._looked_at, []

    async def stale(campaign_id: UUID) -> tuple[UUID | None, object, int]:
        audience, document, reward = await look(campaign_id)
        looks.append(reward)
        return audience, document, reward if len(looks) > 1 else 500

    monkeypatch.setattr(participation, "_looked_at", stale)
    assert (await _join(shop, member, campaign)).points == 5
    assert looks == [5, 5]


async def test_what_is_seen_counts_once_a_minute(shop: Shop) -> None:
    staff = await people(shop)
    first, second = await running(shop, staff, "A"), await running(shop, staff, "B")
    paused = await running(shop, staff, "C")
    await done(shop, paused, Act.PAUSE, by=staff[0])
    member, now = await shop.member(PHONE), clock.now()

    async def seen(seconds: int, *campaigns: UUID) -> int:
        with clock.held_at(now + timedelta(seconds=seconds)):
            async with unit_of_work(shop.tenant_id):
                return await see_campaigns(member, campaigns)

    assert await seen(0, first, second, paused, uuid4(), first) == 2
    assert await seen(59, first, second) == 0
    assert await seen(60, first) == 1
    assert await seen(61, first, second) == 1
    rows = await shop.rows(
        "SELECT campaign_id, times, first_at, last_at FROM campaign_participation "
        "WHERE tenant_id = $1 AND kind = 'seen'"
    )
    assert {row["campaign_id"]: row["times"] for row in rows} == {first: 2, second: 2}
    assert {row["first_at"] for row in rows} == {now}


async def test_of_children_and_visitors_nothing_is_kept_that_they_saw(shop: Shop) -> None:
    campaign = await running(shop, await people(shop))
    child, visitor = await shop.member("13800138000"), await shop.member("13800138001")
    await _set(shop, child, "birthday", clock.now().date())
    await _set(shop, visitor, "state", "visitor")
    async with unit_of_work(shop.tenant_id):
        assert await see_campaigns(child, [campaign]) == 0
        assert await see_campaigns(visitor, [campaign]) == 0
        assert await fetch("SELECT FROM campaign_participation WHERE tenant_id = $1") == []


async def test_a_bound_is_not_set_below_what_is_used(shop: Shop) -> None:
    staff = await people(shop)
    campaign = await running(shop, staff, reward_points=10, budget_points=100, places=9)
    for n in range(2):
        await _join(shop, await shop.member(f"1380013800{n}"), campaign)
    await done(shop, campaign, Act.REOPEN, by=staff[0])
    async with unit_of_work(shop.tenant_id):
        for terms in ({"places": 1}, {"budget_points": 19}):
            with pytest.raises(CampaignInvalid, match="already"):
                await change_campaign(campaign, 4, terms=terms)
        assert await change_campaign(campaign, 4, terms={"places": 2, "budget_points": 20}) == 5
