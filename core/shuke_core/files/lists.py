"""Lists that staff have sent to be imported: CSV, kept piece by piece as it comes in.

A list is nobody's before it is whole; then whoever sent it has it imported, once, within a day.
"""

from typing import Final
from uuid import UUID

from shuke_core.files.errors import FileUnknown
from shuke_core.files.services import FileCard, begin_file
from shuke_core.files.uploads import LIFE, MOST_UNUSED, Upload
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch, fetch_one

LIST_TYPE: Final = "text/csv"
MOST_LIST_BYTES: Final = 64 << 20
_LONGEST_NAME: Final = 120


async def begin_list(name: str) -> UUID:
    """An empty list under the name that it was sent with; its id."""
    try:
        shown = clean_text(name, longest=_LONGEST_NAME)
    except Unclean:
        shown = None
    return await begin_file(shown or "list.csv", LIST_TYPE, clock.now() + LIFE)


async def finish_list(file_id: UUID, uploader_id: UUID) -> Upload:
    """The list is whole, and this person's to import. Of unused ones a few are kept, the newest.

    Raises FileUnknown where it has gone meanwhile.
    """
    await lock_until_commit(f"uploads of {uploader_id}")
    row = await fetch_one(
        "UPDATE file SET uploaded_by = $3 WHERE tenant_id = $1 AND id = $2 AND content_type = $4 "
        "RETURNING expires_at",
        *(file_id, uploader_id, LIST_TYPE),
    )
    if row is None:
        raise FileUnknown()
    await fetch(
        "DELETE FROM file WHERE tenant_id = $1 AND uploaded_by = $2 AND content_type = $3 "
        "AND id NOT IN (SELECT id FROM file WHERE tenant_id = $1 AND uploaded_by = $2 "
        f"AND content_type = $3 ORDER BY created_at DESC, id DESC LIMIT {MOST_UNUSED})",
        *(uploader_id, LIST_TYPE),
    )
    return Upload(file_id, row["expires_at"])


async def take_list(file_id: UUID, uploader_id: UUID | None) -> FileCard:
    """Takes the list into use, once: from now on it has no end, and whoever took it deletes it.

    Raises FileUnknown unless it is a list of this person's, unused and within its time.
    """
    row = await fetch_one(
        "UPDATE file SET uploaded_by = NULL, expires_at = NULL WHERE tenant_id = $1 AND id = $2 "
        "AND uploaded_by = $3 AND content_type = $4 AND expires_at > $5 "
        "RETURNING id, name, content_type, size, chunks",
        *(file_id, uploader_id, LIST_TYPE, clock.now()),
    )
    if row is None:
        raise FileUnknown()
    return FileCard(**row)
