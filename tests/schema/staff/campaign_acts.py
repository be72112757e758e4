"""What mutations of campaigns are asked with, so that each leaves its act."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.core.campaigns.offers import done, drafted
from tests.support.shop import Shop

from shuke_core.campaigns.rules import Act
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.services import add_staff

Given = dict[str, Any]


async def _nothing(_: Shop) -> Given:
    return {}


async def _draft(shop: Shop) -> Given:
    return {"id": str(await drafted(shop))}


async def _submitted(shop: Shop) -> Given:
    """Handed in by nobody of the staff, so that anybody may decide."""
    campaign = await drafted(shop)
    await done(shop, campaign, Act.SUBMIT)
    return {"id": str(campaign)}


async def _approved(shop: Shop) -> Given:
    async with unit_of_work(shop.tenant_id):
        await add_staff("boss", "老板", "admin")
    (boss,) = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'boss'")
    campaign = await drafted(shop)
    await done(shop, campaign, Act.SUBMIT)
    await done(shop, campaign, Act.APPROVE, by=boss["id"])
    return {"id": str(campaign)}


async def _paused(shop: Shop) -> Given:
    asked = await _approved(shop)
    (row,) = await shop.rows("SELECT id FROM campaign WHERE tenant_id = $1")
    await done(shop, row["id"], Act.PAUSE)
    return asked


_ENTER = (
    'createCampaign(campaign: {code: "D", nameZh: "签到", nameEn: "Check in", '
    'startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-01-02T00:00:00Z"})'
)

CAMPAIGN_MUTATIONS: dict[str, tuple[str, Callable[[Shop], Awaitable[Given]], str]] = {
    "createCampaign": (_ENTER, _nothing, "campaign.created"),
    "changeCampaign": (
        'changeCampaign(id: $id, version: 1, change: {goal: "拉新"})',
        _draft,
        "campaign.changed",
    ),
    "submitCampaign": ("submitCampaign(id: $id, version: 1)", _draft, "campaign.submitted"),
    "approveCampaign": ("approveCampaign(id: $id, version: 2)", _submitted, "campaign.approved"),
    "rejectCampaign": (
        'rejectCampaign(id: $id, version: 2, reason: "太贵")',
        _submitted,
        "campaign.rejected",
    ),
    "pauseCampaign": ("pauseCampaign(id: $id, version: 3)", _approved, "campaign.paused"),
    "resumeCampaign": ("resumeCampaign(id: $id, version: 4)", _paused, "campaign.resumed"),
    "reopenCampaign": ("reopenCampaign(id: $id, version: 3)", _approved, "campaign.reopened"),
    "cancelCampaign": ("cancelCampaign(id: $id, version: 3)", _approved, "campaign.cancelled"),
}
