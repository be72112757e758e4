"""The facts this domain announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A member was entered for the first time. Carries no personal value."""

    type: ClassVar[str] = "member.joined"
    member_id: UUID

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"
