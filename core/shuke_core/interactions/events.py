"""The facts this domain announces. None carries what a member said."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InteractionRecorded:
    """A member said or did something. `route` is whoever of the staff is to see it first."""

    type: ClassVar[str] = "interaction.recorded"
    interaction_id: UUID
    member_id: UUID
    kind: str
    route: str

    @property
    def entity(self) -> str:
        return f"interaction:{self.interaction_id}"
