"""Probes of campaigns, asked with the handles of another tenant."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.campaigns.effect import effect_of
from shuke_core.campaigns.offers import offers_to
from shuke_core.campaigns.participation import join_campaign, see_campaigns
from shuke_core.campaigns.queries import campaign_of_id, campaigns_listed, campaigns_of_codes
from shuke_core.campaigns.rules import Act
from shuke_core.campaigns.services import audience_of, change_campaign, decide
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_one
from shuke_core.members.benefits import benefits_of


async def _own_member(h: Handles) -> object:
    """Somebody of this tenant joins: their own campaign only."""
    row = await fetch_one("SELECT id FROM member WHERE tenant_id = $1 AND state = 'active' LIMIT 1")
    assert row is not None
    return (await join_campaign(row["id"], h.campaign_id)).nth > 0


async def _join(h: Handles) -> object:
    """Who is asked about joins a campaign of this tenant."""
    row = await fetch_one("SELECT id FROM campaign WHERE tenant_id = $1 LIMIT 1")
    assert row is not None
    return (await join_campaign(h.member_id, row["id"])).nth > 0


async def _see(h: Handles) -> object:
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        return await see_campaigns(h.member_id, [h.campaign_id])


async def _pin(h: Handles) -> object:
    everything = Rights.of(declared_permissions(), EVERY_CLASS)
    return bool(await audience_of(h.rule_id, everything))


async def _effect(h: Handles) -> object:
    today = clock.now().date()
    return len(await effect_of(h.campaign_id, today, today))


async def _benefits(h: Handles) -> object:
    return [each.kind.key for each in await benefits_of(h.member_id)]


async def _codes(h: Handles) -> object:
    return len(await campaigns_of_codes([h.campaign_code]))


async def _offers(h: Handles) -> object:
    return len(await offers_to(h.member_id))


CAMPAIGNED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "campaign_of_id": lambda h: columns_of(campaign_of_id(h.campaign_id), "code"),
    "campaigns_of_codes": _codes,
    "change_campaign": lambda h: change_campaign(h.campaign_id, 3, {"goal": "新"}),
    "decide": lambda h: decide(h.campaign_id, 3, Act.PAUSE, None),
    "audience_of": _pin,
    "join_campaign a campaign": _own_member,
    "join_campaign by a member": _join,
    "see_campaigns": _see,
    "effect_of": _effect,
    "offers_to": _offers,
    "benefits_of": _benefits,
}

# Questions about the whole tenant.
CAMPAIGNS: dict[str, Callable[[], Awaitable[object]]] = {
    "campaigns_listed": lambda: columns_of(campaigns_listed(None, 9, None), "code"),
}
