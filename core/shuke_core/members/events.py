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


@dataclass(frozen=True, slots=True)
class MemberAgeChanged:
    """What is known of a member's age has changed: a birthday, or that a guardian speaks for them; by a
    merge or its undo it may have. What was computed of a child goes; carries neither."""

    type: ClassVar[str] = "member.age_changed"
    member_id: UUID

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"


@dataclass(frozen=True, slots=True)
class MemberLoggedOut:
    """All tokens of a member were revoked."""

    type: ClassVar[str] = "member.logged_out"
    member_id: UUID

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"


@dataclass(frozen=True, slots=True)
class ManySoughtByPhone:
    """Somebody of the staff has looked unusually many people up by phone within an hour."""

    type: ClassVar[str] = "member.many_sought_by_phone"
    staff_id: UUID

    @property
    def entity(self) -> str:
        return f"staff:{self.staff_id}"
