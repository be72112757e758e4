"""The facts this domain announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """Something waits for a second person."""

    type: ClassVar[str] = "approval.asked"
    approval_id: UUID
    operation: str

    @property
    def entity(self) -> str:
        return f"approval:{self.approval_id}"


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """The second person approved or refused (`state`)."""

    type: ClassVar[str] = "approval.decided"
    approval_id: UUID
    operation: str
    state: str

    @property
    def entity(self) -> str:
        return f"approval:{self.approval_id}"
