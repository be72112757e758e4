"""GraphQL types of campaigns (活动)."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.campaigns.effect import Day
from shuke_core.campaigns.offers import Offer
from shuke_core.campaigns.queries import Campaign as CampaignRow
from shuke_core.campaigns.rules import CampaignPhase, Channel, ParticipationKind
from shuke_core.kit import clock
from shuke_schema.context import opaque
from shuke_schema.pagination import Connection
from shuke_schema.projection.fields import projected
from shuke_schema.rights import needs, shown_as, shows
from shuke_schema.scalars import Long
from shuke_schema.staff.types import Colleague

if TYPE_CHECKING:
    from shuke_schema.members.types import Member

strawberry.enum(
    CampaignPhase,
    name="CampaignPhase",
    description="Where a campaign stands now: what staff decided, and what its window makes of it. "
    "APPROVED: it has not begun yet.",
)
strawberry.enum(Channel, name="CampaignChannel", description="Where a campaign is offered.")
strawberry.enum(
    ParticipationKind, name="ParticipationKind", description="What a member did about a campaign."
)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="The version of a named rule that says whom a campaign is for.")
class CampaignAudience:
    rule_id: strawberry.ID
    version: int
    name: str


@shows(FieldClass.PUBLIC)
@strawberry.type(
    description="How many members saw a campaign, joined it and were rewarded; each member once."
)
class CampaignRates:
    seen: Long
    joined: Long
    rewarded: Long
    joined_per_mille: int | None = strawberry.field(
        description="Of a thousand who saw it so many joined; null of none."
    )
    rewarded_per_mille: int | None = strawberry.field(
        description="Of a thousand who joined it so many were rewarded; null of none."
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="That a member saw a campaign, joined it or was rewarded.")
class Participation:
    id: strawberry.ID
    member: Annotated["Member", strawberry.lazy("shuke_schema.members.types")] | None = (
        strawberry.field(
            description="Null where you do not see the member.", metadata=needs(MEMBERS_READ)
        )
    )
    kind: ParticipationKind
    times: int
    points: Long = strawberry.field(description="That were given for it in all.")
    first_at: datetime
    last_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A campaign (活动), as staff see it.")
class Campaign:
    id: strawberry.ID
    code: str = strawberry.field(description="What tills name it by, for ever.")
    name_zh: str
    name_en: str
    goal: str = strawberry.field(description="For staff alone.")
    phase: CampaignPhase
    version: int = strawberry.field(description="To be handed in with changes and decisions.")
    starts_at: datetime
    ends_at: datetime = strawberry.field(description="From then on it is over.")
    audience: CampaignAudience | None = strawberry.field(description="Null: everyone.")
    places: int | None = strawberry.field(
        description="How often it can be joined in all; null: without bound."
    )
    budget_points: Long | None = strawberry.field(
        description="How many points it gives in all; null: without bound."
    )
    reward_points: Long = strawberry.field(description="For taking part once.")
    per_member: int = strawberry.field(description="How often a member may take part.")
    times_joined: int = strawberry.field(description="Used of the places.")
    spent_points: Long = strawberry.field(description="Used of the budget.")
    left: Long | None = strawberry.field(
        description="How often it can still be joined, by places and budget; null: without bound."
    )
    submitted_by: Colleague | None
    approved_by: Colleague | None = strawberry.field(description="Who approved it last.")
    approved_at: datetime | None
    rejected_because: str
    created_at: datetime
    changed_at: datetime
    rates: CampaignRates

    @strawberry.field(description="Where it is offered.")
    def channels(self, parent: strawberry.Parent[CampaignRow]) -> list[Channel]:
        return [Channel(each) for each in parent.channels]

    @projected(description="Who saw, joined or was rewarded, the latest first.")
    def participants(
        self,
        kind: ParticipationKind = ParticipationKind.JOINED,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Participation]: ...


@shows(FieldClass.PUBLIC)
@strawberry.type(description="One day of a campaign, of the tenant's calendar.")
class CampaignDay:
    day: date
    joined: int = strawberry.field(description="Members who joined it for the first time.")
    points_given: Long
    points_taken_back: Long = strawberry.field(description="By refunds of what had earned them.")
    orders: int
    total_fen: Long = strawberry.field(metadata=shown_as(FieldClass.MONEY))
    refunded_fen: Long = strawberry.field(
        description="Of these orders, by now.", metadata=shown_as(FieldClass.MONEY)
    )

    @classmethod
    def of(cls, day: Day) -> "CampaignDay":
        return cls(
            day=day.day,
            joined=day.joined,
            points_given=Long(day.points_given),
            points_taken_back=Long(day.points_taken_back),
            orders=day.orders,
            total_fen=Long(day.total_fen),
            refunded_fen=Long(day.refunded_fen),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A campaign that runs now, to the member who asks.")
class CampaignOffer:
    id: strawberry.ID
    name_zh: str
    name_en: str
    starts_at: datetime
    ends_at: datetime
    seconds_left: int = strawberry.field(description="Until it ends.")
    channels: list[Channel]
    left: Long | None = strawberry.field(
        description="How often it can still be joined, by all together; null: without bound."
    )
    reward_points: Long = strawberry.field(description="For taking part once.")
    per_member: int = strawberry.field(description="How often one may take part.")
    times_joined: int = strawberry.field(description="How often the member has.")
    joinable: bool = strawberry.field(description="Whether the member may take part now.")

    @classmethod
    def of(cls, offer: Offer) -> "CampaignOffer":
        return cls(
            id=opaque(offer.id),
            name_zh=offer.name_zh,
            name_en=offer.name_en,
            starts_at=offer.starts_at,
            ends_at=offer.ends_at,
            seconds_left=max(int((offer.ends_at - clock.now()).total_seconds()), 0),
            channels=list(offer.channels),
            left=None if offer.left is None else Long(offer.left),
            reward_points=Long(offer.reward_points),
            per_member=offer.per_member,
            times_joined=offer.times,
            joinable=offer.joinable,
        )
