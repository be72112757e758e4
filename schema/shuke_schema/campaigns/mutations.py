"""Mutations of the staff API about campaigns."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import UNSET

from shuke_core.access.permissions import CAMPAIGNS_APPROVE, CAMPAIGNS_EDIT
from shuke_core.access.rights import FieldClass
from shuke_core.campaigns.errors import CampaignUnknown
from shuke_core.campaigns.queries import campaign_of_id
from shuke_core.campaigns.rules import Act, Terms
from shuke_core.campaigns.services import (
    Words,
    audience_of,
    change_campaign,
    create_campaign,
    decide,
)
from shuke_core.rules.errors import RuleUnknown
from shuke_schema.campaigns.inputs import CampaignChangeInput, NewCampaignInput
from shuke_schema.campaigns.types import Campaign
from shuke_schema.context import ShukeInfo, id_of, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why a campaign was not made, changed or decided on.")
class CampaignErrorCode(Enum):
    CAMPAIGN_UNKNOWN = "CAMPAIGN_UNKNOWN"
    CAMPAIGN_CODE_TAKEN = "CAMPAIGN_CODE_TAKEN"
    CAMPAIGN_INVALID = "CAMPAIGN_INVALID"
    CAMPAIGN_CHANGED = "CAMPAIGN_CHANGED"
    CAMPAIGN_STATE_REFUSED = "CAMPAIGN_STATE_REFUSED"
    CAMPAIGN_APPROVED = "CAMPAIGN_APPROVED"
    CAMPAIGN_OWN_APPROVAL = "CAMPAIGN_OWN_APPROVAL"
    CAMPAIGNS_TOO_MANY = "CAMPAIGNS_TOO_MANY"
    RULE_UNKNOWN = "RULE_UNKNOWN"
    RULE_SUBJECT_WRONG = "RULE_SUBJECT_WRONG"
    RULE_INACTIVE = "RULE_INACTIVE"
    RULE_INVALID = strawberry.enum_value(
        "RULE_INVALID", description="The rule asks for fields that you may not see."
    )


@strawberry.type(description="Why a campaign was not made, changed or decided on.")
class CampaignError(Failure[CampaignErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class CampaignPayload:
    campaign: Campaign | None = strawberry.field(
        default=None, description="As it is now; after CAMPAIGN_CHANGED as somebody else left it."
    )
    errors: list[CampaignError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    CampaignError,
    CampaignErrorCode,
    {
        "CAMPAIGN_UNKNOWN": "id",
        "CAMPAIGN_CODE_TAKEN": "code",
        "CAMPAIGN_CHANGED": "version",
        "RULE_UNKNOWN": "audienceRuleId",
        "RULE_SUBJECT_WRONG": "audienceRuleId",
        "RULE_INACTIVE": "audienceRuleId",
        "RULE_INVALID": "audienceRuleId",
    },
)


async def _pinned(info: ShukeInfo, rule_id: strawberry.ID | None) -> UUID | None:
    """The version of a rule that is to be the audience; None: everyone."""
    if rule_id is None:
        return None
    found = id_of(rule_id)
    if found is None:
        raise RuleUnknown()
    return await audience_of(found, info.context.rights)


async def _changed(id: strawberry.ID, act: Callable[[UUID], Awaitable[int]]) -> CampaignPayload:
    campaign_id = id_of(id)

    async def attempt() -> int:
        if campaign_id is None:
            raise CampaignUnknown()
        return await act(campaign_id)

    _, errors = await _FAILURES.attempt(attempt)
    is_shown = not errors or errors[0].code is CampaignErrorCode.CAMPAIGN_CHANGED
    shown = answered_by(campaign_of_id(campaign_id)) if campaign_id and is_shown else None
    return CampaignPayload(campaign=shown, errors=errors)


async def _decided(
    info: ShukeInfo, id: strawberry.ID, version: int, act: Act, reason: str = ""
) -> CampaignPayload:
    staff_id = staff_of(info).id
    return await _changed(id, lambda found: decide(found, version, act, staff_id, reason))


@strawberry.type
class CampaignsMutation:
    @strawberry.mutation(
        description="Enters a campaign as a draft. Its code tells it apart: entered again it is refused.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def create_campaign(self, info: ShukeInfo, campaign: NewCampaignInput) -> CampaignPayload:
        async def act() -> UUID:
            return await create_campaign(
                campaign.code,
                Words(campaign.name_zh, campaign.name_en, campaign.goal),
                Terms(
                    campaign.starts_at,
                    campaign.ends_at,
                    await _pinned(info, campaign.audience_rule_id),
                    tuple(campaign.channels),
                    campaign.places,
                    campaign.budget_points,
                    campaign.reward_points,
                    campaign.per_member,
                ),
            )

        made, errors = await _FAILURES.attempt(act)
        shown = answered_by(campaign_of_id(made)) if made else None
        return CampaignPayload(campaign=shown, errors=errors)

    @strawberry.mutation(
        description="Changes a campaign that you have read at `version`: names and goal until it is "
        "over, the rest in a draft alone.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def change_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int, change: CampaignChangeInput
    ) -> CampaignPayload:
        async def act(campaign_id: UUID) -> int:
            terms = change.terms()
            if change.audience_rule_id is not UNSET:
                terms["audience_id"] = await _pinned(info, change.audience_rule_id)
            return await change_campaign(campaign_id, version, change.words(), terms)

        return await _changed(id, act)

    @strawberry.mutation(
        description="Hands a draft in for approval by somebody else.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def submit_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.SUBMIT)

    @strawberry.mutation(
        description="Approves a campaign that somebody else has handed in: it runs within its window.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_APPROVE),
    )
    async def approve_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.APPROVE)

    @strawberry.mutation(
        description="Gives a campaign that was handed in back as a draft; say why.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_APPROVE),
    )
    async def reject_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int, reason: str
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.REJECT, reason)

    @strawberry.mutation(
        description="Stops a campaign for now: nobody joins it until it is resumed.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def pause_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.PAUSE)

    @strawberry.mutation(
        description="Lets a paused campaign go on, as it was approved.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def resume_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.RESUME)

    @strawberry.mutation(
        description="Takes a campaign back to a draft, so that its terms can be changed: nobody joins it "
        "until it is approved anew.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def reopen_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.REOPEN)

    @strawberry.mutation(
        description="Ends a campaign for good. What members were given stays theirs.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_EDIT),
    )
    async def cancel_campaign(
        self, info: ShukeInfo, id: strawberry.ID, version: int, reason: str = ""
    ) -> CampaignPayload:
        return await _decided(info, id, version, Act.CANCEL, reason)
