"""The facts this domain announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StaffChanged:
    """Somebody left, or what they may do has changed."""

    type: ClassVar[str] = "staff.changed"
    staff_id: UUID

    @property
    def entity(self) -> str:
        return f"staff:{self.staff_id}"


@dataclass(frozen=True, slots=True)
class StaffLeft:
    """Somebody works here no more: what they had in charge is to be handed over."""

    type: ClassVar[str] = "staff.left"
    staff_id: UUID

    @property
    def entity(self) -> str:
        return f"staff:{self.staff_id}"
