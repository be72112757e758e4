"""What runs, as a member sees it: theirs alone, what is left, and their benefits with it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.core.campaigns.offers import WOMEN, done, drafted, people, running
from tests.support.shop import Shop

from shuke_core.app import OFFERED
from shuke_core.blocks.queries import BlockPurpose
from shuke_core.blocks.services import block_member
from shuke_core.campaigns.offers import Offer, offers_to
from shuke_core.campaigns.participation import join_campaign
from shuke_core.campaigns.rules import Act, Channel
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.services import Earning, earn
from shuke_core.members.benefits import BenefitKind, benefits_of, declare_benefit, declared_benefits

PHONE = "13800138000"


async def _offers(shop: Shop, member: UUID) -> dict[UUID, Offer]:
    async with unit_of_work(shop.tenant_id):
        return {each.id: each for each in await offers_to(member)}


async def _benefits(shop: Shop, member: UUID) -> list[tuple[object, ...]]:
    async with unit_of_work(shop.tenant_id):
        return [
            (b.kind.key, b.name_en, b.state.value, b.amount, b.times_left)
            for b in await benefits_of(member)
        ]


async def _join(shop: Shop, member: UUID, campaign: UUID) -> None:
    async with unit_of_work(shop.tenant_id):
        await join_campaign(member, campaign)


async def _set(shop: Shop, member: UUID, column: str, value: object) -> None:
    await shop.rows(
        f"UPDATE member SET {column} = $3 WHERE tenant_id = $1 AND id = $2", member, value
    )


async def test_what_runs_is_shown_with_what_is_left_of_it(shop: Shop) -> None:
    staff, member = await people(shop), await shop.member(PHONE)
    places = await running(shop, staff, "PLACES", places=3)
    budget = await running(shop, staff, "BUDGET", reward_points=10, budget_points=29, per_member=2)
    free = await running(shop, staff, "FREE")
    for code, said in (
        ("EARLY", {"starts_at": clock.now() + timedelta(hours=1)}),
        ("STORE", {"channels": (Channel.STORE, Channel.MESSAGE)}),
    ):
        await running(shop, staff, code, **said)
    await drafted(shop, "DRAFT")
    paused = await running(shop, staff, "PAUSED")
    await done(shop, paused, Act.PAUSE, by=staff[0])
    for campaign in (places, budget):
        await _join(shop, member, campaign)
    offers = await _offers(shop, member)
    assert {c: (o.left, o.joinable, o.times) for c, o in offers.items()} == {
        places: (2, False, 1),
        budget: (1, True, 1),
        free: (None, True, 0),
    }
    assert await _benefits(shop, member) == [
        ("points", "Points to spend", "available", 10, None),
        ("campaign", "Check in on 12/12", "joined", None, 2),
        ("campaign", "Check in on 12/12", "joinable", 10, 1),
        ("campaign", "Check in on 12/12", "joinable", None, None),
    ]
    other = await shop.member("13800138001")
    await _join(shop, other, budget)
    assert (await _offers(shop, member))[budget].left == 0
    assert not (await _offers(shop, member))[budget].joinable


async def test_what_is_for_others_is_not_shown_unless_it_was_joined(shop: Shop) -> None:
    staff, member = await people(shop), await shop.member(PHONE)
    campaign = await running(shop, staff, audience=WOMEN, per_member=2)
    assert (await _offers(shop, member), await _benefits(shop, member)) == ({}, [])
    await _set(shop, member, "gender", "female")
    assert (await _offers(shop, member))[campaign].joinable
    await _join(shop, member, campaign)
    await _set(shop, member, "gender", "male")
    assert not (await _offers(shop, member))[campaign].joinable
    assert [each[2] for each in await _benefits(shop, member)] == ["joined"]


async def test_children_see_none_and_visitors_and_the_blocked_join_none(shop: Shop) -> None:
    staff = await people(shop)
    gift, plain = (
        await running(shop, staff, "GIFT", reward_points=5),
        await running(shop, staff, "PLAIN"),
    )
    child, blocked, visitor = [await shop.member(f"1380013800{n}") for n in range(3)]
    await _set(shop, child, "birthday", clock.now().date() - timedelta(days=13 * 365))
    await _set(shop, visitor, "state", "visitor")
    async with unit_of_work(shop.tenant_id):
        await block_member(blocked, BlockPurpose.POINTS, "刷单", None)
    assert await _offers(shop, child) == {}
    joinable = {
        who: {c: o.joinable for c, o in (await _offers(shop, who)).items()}
        for who in (blocked, visitor)
    }
    assert joinable[blocked] == {gift: False, plain: True}
    assert joinable[visitor] == {gift: False, plain: False}
    assert await _benefits(shop, visitor) == []


async def test_points_that_lapse_soon_are_told_with_their_day(shop: Shop) -> None:
    member, now = await shop.member(PHONE), clock.now()
    async with unit_of_work(shop.tenant_id):
        await earn(
            [
                Earning(member, points, UUID(int=points), now - timedelta(days=1), expires_at)
                for points, expires_at in (
                    (1, now + timedelta(days=29)),
                    (2, now + timedelta(days=29)),
                    (4, now + timedelta(days=31)),
                    (8, None),
                    (16, now - timedelta(seconds=1)),
                )
            ],
            cause_type="order",
            rule_id=None,
        )
        found = [(b.state.value, b.amount, b.until) for b in await benefits_of(member)]
    assert found == [("available", 15, None), ("expiring", 3, now + timedelta(days=29))]


async def test_both_are_two_statements_however_many_campaigns_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, member, sent = await people(shop), await shop.member(PHONE), []
    await running(shop, staff, "A", audience=WOMEN)
    for n in range(9):
        await running(shop, staff, f"B{n}", audience={"not": WOMEN})
    fetch = UnitConnection.fetch

    async def noted(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        sent.append(sql)
        return await fetch(self, sql, *values)

    async with unit_of_work(shop.tenant_id):
        await offers_to(member)  # the tenant and its plugins are known now
        monkeypatch.setattr(UnitConnection, "fetch", noted)
        for read in (offers_to, benefits_of):
            sent.clear()
            await read(member)
            about = [sql for sql in sent if "FROM tenant" not in sql]
            assert len(about) == 2, about


def test_each_kind_is_declared_once_and_in_both_languages() -> None:
    assert list(declared_benefits()) == ["points", "campaign"]
    assert len(OFFERED) == len(declared_benefits())
    for kind in declared_benefits().values():
        assert set(kind.label) == {"zh", "en"}
        with pytest.raises(ValueError, match="declared already"):
            declare_benefit(BenefitKind(kind.key, kind.label, 1, "SELECT"))
