"""The facts this domain announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MemberMerged:
    """`absorbed_id` names the member `member_id` from now on."""

    type: ClassVar[str] = "member.merged"
    member_id: UUID
    absorbed_id: UUID
    merge_id: UUID

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"


@dataclass(frozen=True, slots=True)
class MemberUnmerged:
    """`absorbed_id` is a member of their own again."""

    type: ClassVar[str] = "member.unmerged"
    member_id: UUID
    absorbed_id: UUID
    merge_id: UUID

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"
