"""GraphQL inputs of campaigns."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from shuke_core.campaigns.rules import Channel
from shuke_schema.scalars import Long


@strawberry.input(description="A campaign to be entered, as a draft.")
class NewCampaignInput:
    code: str = strawberry.field(
        description="What tills name it by: letters, digits, - and _. It is for ever."
    )
    name_zh: str
    name_en: str
    goal: str = ""
    starts_at: datetime = strawberry.field(description="Without an offset: by the tenant's clock.")
    ends_at: datetime = strawberry.field(description="From then on it is over.")
    audience_rule_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="A named rule about members, of which the newest version is pinned; null: "
        "everyone.",
    )
    channels: list[Channel] = strawberry.field(default_factory=lambda: [Channel.MINI_PROGRAM])
    places: int | None = strawberry.field(
        default=None, description="How often it can be joined in all; null: without bound."
    )
    budget_points: Long | None = strawberry.field(
        default=None, description="How many points it gives in all; null: without bound."
    )
    reward_points: Long = strawberry.field(default=0, description="For taking part once.")
    per_member: int = 1


@strawberry.input(
    description="What is to be changed of a campaign: what is left out stays. Names and goal change at "
    "any time, the rest in a draft alone."
)
class CampaignChangeInput:
    name_zh: str | None = None
    name_en: str | None = None
    goal: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    audience_rule_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Null: everyone. Named again, the newest version is pinned."
    )
    channels: list[Channel] | None = None
    places: int | None = strawberry.field(default=UNSET, description="Null: without bound.")
    budget_points: Long | None = strawberry.field(default=UNSET, description="Null: without bound.")
    reward_points: Long | None = None
    per_member: int | None = None

    def words(self) -> dict[str, str]:
        """What of it may change at any time."""
        named = {"name_zh": self.name_zh, "name_en": self.name_en, "goal": self.goal}
        return {name: text for name, text in named.items() if text is not None}

    def terms(self) -> dict[str, Any]:
        """What of it is approved, but for the audience."""
        kept = {
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "channels": None if self.channels is None else tuple(self.channels),
            "reward_points": self.reward_points,
            "per_member": self.per_member,
        }
        bounds = {"places": self.places, "budget_points": self.budget_points}
        return {
            **{name: value for name, value in kept.items() if value is not None},
            **{name: value for name, value in bounds.items() if value is not UNSET},
        }
