"""Root fields about campaigns: what runs for members, everything for staff."""

from datetime import date

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import CAMPAIGNS_READ
from shuke_core.campaigns.effect import effect_of
from shuke_core.campaigns.errors import CampaignUnknown
from shuke_core.campaigns.offers import offers_to
from shuke_core.campaigns.queries import campaign_of_id, campaigns_listed
from shuke_core.campaigns.rules import CampaignPhase
from shuke_core.members.rule_fields import MEMBER
from shuke_core.rules.queries import filter_of
from shuke_schema.campaigns.types import Campaign, CampaignDay, CampaignOffer
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ANYBODY, asks
from shuke_schema.rules.queries import given_id


@strawberry.type
class OffersQuery:
    @strawberry.field(
        description="The campaigns that run now and are for the member, or that they have joined; what "
        "ends first first. None for who is not logged in.",
        metadata=asks(Audience.MEMBER, ANYBODY),
    )
    async def campaigns(self, info: ShukeInfo) -> list[CampaignOffer]:
        member_id = info.context.member_id
        offers = await offers_to(member_id) if member_id is not None else []
        return [CampaignOffer.of(each) for each in offers]


@strawberry.type
class CampaignsQuery:
    @strawberry.field(
        description="Campaigns, the newest first; with `phase` those that stand so now.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_READ),
    )
    def campaigns(
        self, phase: CampaignPhase | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Campaign]:
        return answered_by(campaigns_listed(phase, first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="A campaign; null for an id that is not there.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_READ),
    )
    def campaign(self, id: strawberry.ID) -> Campaign | None:
        campaign_id = id_of(id)
        return answered_by(campaign_of_id(campaign_id)) if campaign_id else None

    @strawberry.field(
        description="What came of a campaign, day by day from `since` to `until`, 366 days at most: of "
        "all members, or of those for whom a document (`where`) or a named rule holds. Orders of "
        "nobody's count where neither is given.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_READ),
    )
    async def campaign_effect(
        self,
        info: ShukeInfo,
        id: strawberry.ID,
        since: date,
        until: date,
        where: JSON | None = None,
        rule_id: strawberry.ID | None = None,
    ) -> list[CampaignDay]:
        campaign_id, segment = id_of(id), None
        if campaign_id is None:
            raise CampaignUnknown()
        if where is not None or rule_id is not None:
            segment = await filter_of(
                MEMBER, info.context.rights, document=where, rule_id=given_id(rule_id)
            )
        days = await effect_of(campaign_id, since, until, segment)
        return [CampaignDay.of(each) for each in days]
