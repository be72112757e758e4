"""Mutations of the member API about campaigns."""

from collections.abc import Mapping
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.campaigns.errors import CampaignUnknown
from shuke_core.campaigns.offers import offer_to
from shuke_core.campaigns.participation import join_campaign, see_campaigns
from shuke_schema.campaigns.types import CampaignOffer
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import ONESELF, asks, shows
from shuke_schema.scalars import Long


@strawberry.enum(description="Why a member did not join a campaign.")
class JoinCampaignErrorCode(Enum):
    MEMBER_UNKNOWN = strawberry.enum_value(
        "MEMBER_UNKNOWN", description="A visitor is no member yet: bind a phone first."
    )
    CAMPAIGN_UNKNOWN = "CAMPAIGN_UNKNOWN"
    CAMPAIGN_CLOSED = "CAMPAIGN_CLOSED"
    CAMPAIGN_FULL = "CAMPAIGN_FULL"
    CAMPAIGN_NOT_FOR_MEMBER = "CAMPAIGN_NOT_FOR_MEMBER"


@strawberry.type(description="Why a member did not join a campaign.")
class JoinCampaignError(Failure[JoinCampaignErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class JoinCampaignPayload:
    times_joined: int | None = strawberry.field(
        default=None, description="How often the member has taken part, with this time."
    )
    points: Long | None = strawberry.field(
        default=None,
        description="What this time earned; 0 where nothing came, as of who had joined as often as "
        "one may.",
    )
    campaign: CampaignOffer | None = strawberry.field(
        default=None, description="As it is for the member now; null once it does not run any more."
    )
    errors: list[JoinCampaignError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class SeeCampaignsPayload:
    counted: int = strawberry.field(
        description="How many were counted: what runs, and was not seen within the last minute."
    )


_FAILURES = Failures(
    JoinCampaignError,
    JoinCampaignErrorCode,
    dict.fromkeys(
        ("CAMPAIGN_UNKNOWN", "CAMPAIGN_CLOSED", "CAMPAIGN_FULL", "CAMPAIGN_NOT_FOR_MEMBER"), "id"
    ),
)


def _oneself(info: ShukeInfo) -> UUID:
    assert info.context.member_id is not None  # noqa: S101 (asked of a member)
    return info.context.member_id


@strawberry.type
class OwnCampaignsMutation:
    @strawberry.mutation(
        description="Takes part in a campaign that runs, and earns its reward. Once more than one may is "
        "answered with how it stands, and earns nothing.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def join_campaign(
        self, info: ShukeInfo, id: strawberry.ID, idempotency_key: str
    ) -> JoinCampaignPayload:
        member_id, campaign_id = _oneself(info), id_of(id)

        async def act() -> Mapping[str, Any]:
            if campaign_id is None:
                raise CampaignUnknown()
            joined = await join_campaign(member_id, campaign_id)
            return {"times": joined.nth, "points": joined.points}

        done, errors = await _FAILURES.attempt_once(info, idempotency_key, {"id": id}, act)
        if done is None or campaign_id is None:
            return JoinCampaignPayload(errors=errors)
        offer = await offer_to(member_id, campaign_id)
        return JoinCampaignPayload(
            times_joined=done["times"],
            points=Long(done["points"]),
            campaign=CampaignOffer.of(offer) if offer else None,
            errors=errors,
        )

    @strawberry.mutation(
        description="Tells which campaigns the member has seen, 50 at once at most. What was told of "
        "within the last minute is not counted again.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def see_campaigns(self, info: ShukeInfo, ids: list[strawberry.ID]) -> SeeCampaignsPayload:
        known = [found for each in ids if (found := id_of(each)) is not None]
        return SeeCampaignsPayload(counted=await see_campaigns(_oneself(info), known))
