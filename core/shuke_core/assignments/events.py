"""The facts this domain announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MemberAssigned:
    """A member has another advisor: `advisor_id`, None for nobody; before it was `previous_id`."""

    type: ClassVar[str] = "member.assigned"
    member_id: UUID
    advisor_id: UUID | None
    previous_id: UUID | None

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"
