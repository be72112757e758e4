"""The facts this domain announces. None carries anything personal."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """A member gave or withdrew (`state`) consent to a purpose."""

    type: ClassVar[str] = "consent.changed"
    member_id: UUID
    purpose: str
    state: str

    @property
    def entity(self) -> str:
        return f"member:{self.member_id}"
