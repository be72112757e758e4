"""The facts this domain announces."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """A campaign was made, changed or decided on. `state` is the stored one; the window says the rest."""

    type: ClassVar[str] = "campaign.changed"
    campaign_id: UUID
    state: str
    version: int

    @property
    def entity(self) -> str:
        return f"campaign:{self.campaign_id}"


@dataclass(frozen=True, slots=True)
class CampaignJoined:
    """A member took part, for the `nth` time; `points` are what they were given for it."""

    type: ClassVar[str] = "campaign.joined"
    campaign_id: UUID
    member_id: UUID
    nth: int
    points: int
    happened_at: datetime

    @property
    def entity(self) -> str:
        return f"campaign:{self.campaign_id}"
