"""The facts this domain announces. None carries anything that stood in a file."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ImportChanged:
    """An import was asked for, has come further by a batch, is done, has failed, or refused rows of it
    were tried again (`change`). The counts are those of that moment."""

    type: ClassVar[str] = "import.changed"
    import_id: UUID
    kind: str
    change: str
    bytes_read: int
    rows: int
    refused: int

    @property
    def entity(self) -> str:
        return f"file_import:{self.import_id}"
