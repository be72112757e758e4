"""Reads of imports: what the API shows of them and of refused rows, and where it comes from."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.kit.conditions import Conditions
from shuke_core.kit.transactions import fetch
from shuke_core.projection.declare import ID, Long, Projection, one, sql
from shuke_core.projection.reads import Read
from shuke_core.staff.queries import Colleague


class FileImportState(Enum):
    """How far an import has come."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class FileImport(Projection, table="file_import"):
    """A file that one of the staff wants taken in."""

    id: ID
    kind: str
    file_name: str
    asker: Colleague = one("this.id = parent.staff_id")
    state: FileImportState = sql(
        "case when this.state = 'dead' then 'failed' when this.state = 'done' then 'done' "
        "when this.started_at is null then 'queued' else 'running' end"
    )
    failure: str | None = sql("case when this.state = 'dead' then this.reason end")
    encoding: str | None
    size: Long
    bytes_read: Long
    rows: int
    entered: int
    changed: int
    same: int
    refused: int
    requested_at: datetime
    done_at: datetime | None


def import_of_id(import_id: UUID) -> Read:
    """An import; null for an id that is not there."""
    return Read.one(FileImport, "this.id = :id", given={"id": import_id})


def newest_imports(first: int, after: str | None) -> Read:
    """Everybody's imports, newest first."""
    given = {"first": first, "after": after}
    return Read.page(FileImport, newest="requested_at", listed="file_imports", given=given)


class RefusedRow(Projection, table="refused_row"):
    """A row that could not be taken in."""

    id: ID
    row_no: int
    field: str
    code: str
    found: str
    refused_at: datetime


def refused_rows(import_id: UUID, after_row: int | None, first: int) -> Read:
    """The import's refused rows in the order of the file, from behind that one on."""
    where = ("this.file_import_id = :import", "this.state = 'open'", "this.row_no > :after_row")
    given = {"import": import_id, "after_row": after_row, "first": first}
    return Read.many(RefusedRow, *where, order="this.row_no, this.id", given=given)


async def refused_row_numbers(import_id: UUID, code: str | None = None) -> list[int]:
    """The numbers of the import's open rows, of one code or all."""
    wanted = Conditions("tenant_id = $1", "state = 'open'")
    wanted.when("file_import_id = {}", import_id).when("code = {}", code)
    rows = await fetch(
        f"SELECT row_no FROM refused_row WHERE {wanted} ORDER BY row_no", *wanted.values
    )
    return [row["row_no"] for row in rows]
