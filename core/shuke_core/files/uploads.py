"""Uploads: a picture that somebody has sent is theirs to use once, for a day, and nobody else's.

`uploaded_by` names who may use it, a member or one of the staff; whoever uses it makes it a file of a
member, without an end. Of unused ones a few are kept, the newest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shuke_core.files.errors import FileUnknown
from shuke_core.files.pictures import Picture
from shuke_core.files.services import append_to_file, begin_file
from shuke_core.kit import clock
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch, fetch_one

LIFE: Final = timedelta(days=1)
MOST_UNUSED: Final = 3
_IS_PICTURE: Final = "starts_with(content_type, 'image/')"  # lists have rules of their own


@dataclass(frozen=True, slots=True)
class Upload:
    """The file of an upload, and until when it can be used."""

    id: UUID
    expires_at: datetime


async def keep_upload(picture: Picture, uploader_id: UUID, member_id: UUID | None) -> Upload:
    """Keeps the picture for whoever sent it; `member_id` where that is a member, who is held."""
    await lock_until_commit(f"uploads of {uploader_id}")
    expires_at = clock.now() + LIFE
    name = f"picture.{picture.content_type.rpartition('/')[2]}"
    file_id = await begin_file(
        name, picture.content_type, expires_at, member_id=member_id, uploaded_by=uploader_id
    )
    await append_to_file(file_id, picture.data)
    await fetch(
        f"DELETE FROM file WHERE tenant_id = $1 AND uploaded_by = $2 AND {_IS_PICTURE} AND id NOT IN ("
        f"SELECT id FROM file WHERE tenant_id = $1 AND uploaded_by = $2 AND {_IS_PICTURE} "
        f"ORDER BY created_at DESC, id DESC LIMIT {MOST_UNUSED})",
        uploader_id,
    )
    return Upload(file_id, expires_at)


async def check_upload(file_id: UUID, uploader_id: UUID | None) -> None:
    """Holds the upload until the unit ends. Raises FileUnknown unless it is a picture of this person's,
    unused and within its time."""
    row = await fetch_one(
        "SELECT id FROM file WHERE tenant_id = $1 AND id = $2 AND uploaded_by = $3 "
        f"AND expires_at > $4 AND {_IS_PICTURE} FOR UPDATE",
        *(file_id, uploader_id, clock.now()),
    )
    if row is None:
        raise FileUnknown()


async def use_upload(file_id: UUID, member_id: UUID) -> None:
    """Makes the upload, which is held, a file of the member."""
    await fetch(
        "UPDATE file SET member_id = $3, uploaded_by = NULL, expires_at = NULL "
        "WHERE tenant_id = $1 AND id = $2",
        *(file_id, member_id),
    )
