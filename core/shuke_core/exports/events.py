"""The facts this domain announces. None carries anything personal."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ExportChanged:
    """An export was asked for, is ready, has failed, was revoked or has expired (`change`).

    `route` says whose it is.
    """

    type: ClassVar[str] = "export.changed"
    export_id: UUID
    route: str
    change: str

    @property
    def entity(self) -> str:
        return f"export:{self.export_id}"
