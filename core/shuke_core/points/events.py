"""The facts this domain announces."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PointsMoved:
    """A member's points moved. `points` is negative when they went; `kind` is the ledger's.

    A debt that an earning settled at once is no movement of its own here.
    """

    type: ClassVar[str] = "points.moved"
    member_id: UUID
    kind: str
    points: int
    cause_type: str
    cause_id: UUID
    happened_at: datetime

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"
