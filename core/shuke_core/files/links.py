"""Links to pictures: whoever has one may look for an hour or two. Nothing is stored of them.

A link names the file and until when it is good, signed under a key derived from the tenant's. Its end
is that of the next hour: within an hour a picture has one link, which clients keep with the picture.
Only files of members with a type of pictures are behind links, so that one signed by mistake leads to
no export.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from shuke_core.files.errors import FileUnknown, PictureLinkInvalid
from shuke_core.files.pictures import CONTENT_TYPES
from shuke_core.files.services import read_chunk
from shuke_core.kit import clock
from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.transactions import fetch_one
from shuke_core.tenants.keyring import tenant_keys

STEP_SECONDS: Final = 3600
_ID, _UNTIL, _MAC = 16, 4, 16  # bytes: 36, which are 48 letters without padding


@dataclass(frozen=True, slots=True)
class PictureLink:
    """The last part of the link's address, and until when it leads anywhere."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkedPicture:
    """What is behind a link."""

    content_type: str
    data: bytes
    expires_at: datetime


async def link_to(file_id: UUID) -> PictureLink:
    """A link to the picture, good for one hour to two."""
    until = (int(clock.now().timestamp()) // STEP_SECONDS + 2) * STEP_SECONDS
    said = file_id.bytes + until.to_bytes(_UNTIL, "big")
    token = base64.urlsafe_b64encode(said + await _mac(said)).decode()
    return PictureLink(token, datetime.fromtimestamp(until, UTC))


async def linked_picture(token: str) -> LinkedPicture:
    """The picture behind the link; raises PictureLinkInvalid for each reason alike."""
    file_id, expires_at = await _signed(token)
    row = await fetch_one(
        "SELECT content_type, chunks FROM file WHERE tenant_id = $1 AND id = $2 "
        "AND member_id IS NOT NULL AND expires_at IS NULL AND content_type = ANY ($3::text[])",
        *(file_id, list(CONTENT_TYPES)),
    )
    if row is None or expires_at <= clock.now():
        raise PictureLinkInvalid()
    try:
        chunks = [await read_chunk(file_id, number) for number in range(row["chunks"])]
    except FileUnknown:
        raise PictureLinkInvalid() from None
    return LinkedPicture(row["content_type"], b"".join(chunks), expires_at)


async def _signed(token: str) -> tuple[UUID, datetime]:
    """Which file and until when, if we have signed it."""
    if len(token) != 4 * (_ID + _UNTIL + _MAC) // 3:
        raise PictureLinkInvalid()
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise PictureLinkInvalid() from None
    said, mac = data[:-_MAC], data[-_MAC:]
    if not hmac.compare_digest(mac, await _mac(said)):
        raise PictureLinkInvalid()
    until = int.from_bytes(said[_ID:], "big")
    return UUID(bytes=said[:_ID]), datetime.fromtimestamp(until, UTC)


async def _mac(said: bytes) -> bytes:
    key = keyed_digest((await tenant_keys()).digesting, "picture link")
    return hmac.digest(key, said, "sha256")[:_MAC]
