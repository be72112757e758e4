"""The facts this domain announces. None carries anything personal."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MemberErased:
    """A member was erased; of who had been merged into them one of their own. What plugins and
    connected systems hold by that id goes as well."""

    type: ClassVar[str] = "member.erased"
    member_id: UUID

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"
