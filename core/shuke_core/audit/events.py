"""The facts this domain announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ActRecorded:
    """An entry was written; its place in the chain follows the place of this event."""

    type: ClassVar[str] = "audit.recorded"
    entry_id: UUID

    @property
    def entity(self) -> str:
        return "audit"
