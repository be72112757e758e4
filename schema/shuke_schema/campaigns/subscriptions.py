"""Root fields of the staff API that tell of campaigns as they change."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.permissions import CAMPAIGNS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.campaigns.live import CAMPAIGNS
from shuke_core.live.topics import Item
from shuke_schema.live.updates import Feed, Update, everybody, of_topic
from shuke_schema.parts import Audience
from shuke_schema.rights import asks, shows


@strawberry.enum(description="What happened to a campaign.")
class CampaignChangeKind(Enum):
    CHANGED = strawberry.enum_value(
        "campaign.changed", description="It was made, changed or decided on."
    )
    JOINED = strawberry.enum_value("campaign.joined", description="A member took part in it.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something happened to a campaign.")
class CampaignChange:
    kind: CampaignChangeKind
    id: strawberry.ID
    at: datetime

    @classmethod
    def of(cls, item: Item) -> "CampaignChange":
        return cls(
            kind=CampaignChangeKind(item.type),
            id=strawberry.ID(item.facts["campaign_id"]),
            at=datetime.fromisoformat(item.recorded_at),
        )


@strawberry.type
class CampaignsSubscription:
    @strawberry.subscription(
        description="Campaigns, as they change and are joined.",
        metadata=asks(Audience.STAFF, CAMPAIGNS_READ) | of_topic(CAMPAIGNS, everybody),
    )
    async def campaigns_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[CampaignChange], None]:
        async for told in feed:
            change = CampaignChange.of(told.item) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)
