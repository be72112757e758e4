"""The verbs of files: begin one, append to it, read it piece by piece, delete it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.files.errors import FileUnknown
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one
from shuke_core.tenants.keyring import tenant_keys

MOST_CHUNK_BYTES = 1 << 20
_SWEPT = 100  # files a step: their chunks go with them


@dataclass(frozen=True, slots=True)
class FileCard:
    """What is told of a file before its bytes: `size` of them, in `chunks` pieces."""

    id: UUID
    name: str
    content_type: str
    size: int
    chunks: int


def _place(file_id: UUID, number: int) -> Place:
    """Where a chunk stands: one that was moved to another place or file does not open."""
    return Place(current_tenant(), "file_chunk", file_id, f"sealed {number}")


async def begin_file(
    name: str,
    content_type: str,
    expires_at: datetime | None,
    *,
    member_id: UUID | None = None,
    uploaded_by: UUID | None = None,
) -> UUID:
    """An empty file; its id. `member_id` is whose it is, `uploaded_by` who may use it (`uploads`)."""
    file_id = new_id()
    await fetch(
        "INSERT INTO file (tenant_id, id, name, content_type, size, chunks, created_at, expires_at, "
        "member_id, uploaded_by) VALUES ($1, $2, $3, $4, 0, 0, $5, $6, $7, $8)",
        *(file_id, name, content_type, clock.now(), expires_at, member_id, uploaded_by),
    )
    return file_id


async def append_to_file(file_id: UUID, data: bytes) -> None:
    """Adds bytes at its end, as chunks of a mebibyte at most. Raises FileUnknown.

    The file's row is held: of two who append at once one waits, and no chunk is lost.
    """
    row = await fetch_one(
        "SELECT chunks FROM file WHERE tenant_id = $1 AND id = $2 FOR UPDATE", file_id
    )
    if row is None:
        raise FileUnknown()
    key, first = (await tenant_keys()).sealing, row["chunks"]
    pieces = [
        data[start : start + MOST_CHUNK_BYTES] for start in range(0, len(data), MOST_CHUNK_BYTES)
    ]
    await fetch(
        "WITH kept AS (INSERT INTO file_chunk (tenant_id, id, file_id, number, sealed) "
        "SELECT $1, t.id, $2, t.number, t.sealed "
        "FROM unnest($3::uuid[], $4::int[], $5::bytea[]) AS t(id, number, sealed)) "
        "UPDATE file SET size = size + $6, chunks = chunks + $7 WHERE tenant_id = $1 AND id = $2",
        *(file_id, [new_id() for _ in pieces], list(range(first, first + len(pieces)))),
        [seal(key, piece, _place(file_id, first + nth)) for nth, piece in enumerate(pieces)],
        *(len(data), len(pieces)),
    )


async def file_card(file_id: UUID) -> FileCard:
    """What the file is. Raises FileUnknown, also past its expiry."""
    row = await fetch_one(
        "SELECT id, name, content_type, size, chunks FROM file WHERE tenant_id = $1 AND id = $2 "
        "AND (expires_at IS NULL OR expires_at > $3)",
        *(file_id, clock.now()),
    )
    if row is None:
        raise FileUnknown()
    return FileCard(**row)


async def read_chunk(file_id: UUID, number: int) -> bytes:
    """The bytes of one chunk. Raises FileUnknown where the file went meanwhile."""
    row = await fetch_one(
        "SELECT sealed FROM file_chunk WHERE tenant_id = $1 AND file_id = $2 AND number = $3",
        *(file_id, number),
    )
    if row is None:
        raise FileUnknown()
    return (await tenant_keys()).open(row["sealed"], _place(file_id, number))


async def delete_file(file_id: UUID) -> None:
    """Deletes the file and its chunks, if it is there."""
    await fetch("DELETE FROM file WHERE tenant_id = $1 AND id = $2", file_id)


async def delete_expired_files() -> bool:
    """Deletes files that are past their expiry; says whether more may be left."""
    rows = await fetch(
        # Locked by what reads it: a file that somebody takes into use at this moment is not waited for,
        # and one that was taken meanwhile is not expired any more.
        "DELETE FROM file WHERE tenant_id = $1 AND expires_at <= $2 AND id IN (SELECT id FROM file "
        "WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at "
        f"LIMIT {_SWEPT} FOR UPDATE SKIP LOCKED) RETURNING id",
        clock.now(),
    )
    return len(rows) == _SWEPT
