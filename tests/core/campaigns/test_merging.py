"""Taking part when members are merged, come apart again, and are erased."""

from uuid import UUID

from tests.core.campaigns.offers import people, running
from tests.support.shop import Shop

from shuke_core.campaigns.participation import Joined, join_campaign
from shuke_core.kit.transactions import unit_of_work
from shuke_core.merging.services import merge_members, undo_merge


async def _join(shop: Shop, member: UUID, campaign: UUID) -> Joined:
    async with unit_of_work(shop.tenant_id):
        return await join_campaign(member, campaign)


async def _owners(shop: Shop, campaign: UUID) -> list[UUID]:
    rows = await shop.rows(
        "SELECT member_id FROM campaign_participation WHERE tenant_id = $1 AND campaign_id = $2 "
        "AND kind = 'joined' ORDER BY member_id",
        campaign,
    )
    return [row["member_id"] for row in rows]


async def test_of_two_who_are_one_both_have_joined_and_an_undo_gives_each_theirs(
    shop: Shop,
) -> None:
    staff = await people(shop)
    both = await running(shop, staff, "BOTH", per_member=3, reward_points=1)
    one = await running(shop, staff, "ONE", reward_points=1)
    kept, gone = await shop.member("13800138001"), await shop.member("13800138002")
    for member, campaign in ((kept, both), (gone, both), (gone, one)):
        await _join(shop, member, campaign)
    async with unit_of_work(shop.tenant_id):
        merge = await merge_members(kept, gone)
    assert await _owners(shop, one) == [kept]
    assert await _owners(shop, both) == sorted([kept, gone])
    assert await _join(shop, gone, one) == Joined(1, 0, is_new=False)
    assert await _join(shop, gone, both) == Joined(3, 1, is_new=True)  # what both did counts
    assert await _join(shop, kept, both) == Joined(3, 0, is_new=False)
    async with unit_of_work(shop.tenant_id):
        await undo_merge(merge)
    assert await _owners(shop, one) == [gone]
    assert await _join(shop, gone, both) == Joined(2, 1, is_new=True)
    assert await _join(shop, kept, one) == Joined(1, 1, is_new=True)
    (row,) = await shop.rows(
        "SELECT count(*) AS entries FROM ledger_entry WHERE tenant_id = $1 AND kind = 'earn'"
    )
    assert row["entries"] == 6
    assert (await shop.verified()).differences == 0
