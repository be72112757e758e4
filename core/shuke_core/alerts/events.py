"""The facts this domain announces. None carries anything personal."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AlertChanged:
    """An alert was raised, acknowledged or resolved. `route` says whom it is for."""

    type: ClassVar[str] = "alert.changed"
    alert_id: UUID
    route: str
    change: str

    @property
    def entity(self) -> str:
        return f"alert:{self.alert_id}"
