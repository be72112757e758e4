"""Keyset cursors: where a page ended, authenticated so that nobody can make one up.

A cursor holds the sort keys of the last row (a time and an id, never a personal value), bound to
the list it belongs to.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.errors import ShukeError

MOST_ROWS = 100
_MAC_BYTES = 12
_BODY_BYTES = 8 + 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Keys = tuple[datetime, UUID]


class CursorInvalid(ShukeError):
    code = "CURSOR_INVALID"
    sentence = "The cursor is not one of this list; take it from pageInfo of an earlier answer."


class PageSizeInvalid(ShukeError):
    code = "PAGE_SIZE_INVALID"
    sentence = "A page has 1 to {most} rows, {wanted} were asked for."


def checked_page_size(first: int, most: int = MOST_ROWS) -> int:
    """`first` itself, or PageSizeInvalid."""
    if not 1 <= first <= most:
        raise PageSizeInvalid(most=most, wanted=first)
    return first


def _mac(key: bytes, listed: str, body: bytes) -> bytes:
    return keyed_digest(key, "cursor", listed, body.hex())[:_MAC_BYTES]


def to_cursor(key: bytes, listed: str, keys: Keys) -> str:
    """The cursor after the row with these keys, in the list named `listed`."""
    at, row_id = keys
    body = ((at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True) + row_id.bytes
    return sign_cursor(key, listed, body)


def sign_cursor(key: bytes, listed: str, body: bytes) -> str:
    """The cursor of a body: microseconds since 1970 in eight bytes, then the id's sixteen."""
    return base64.urlsafe_b64encode(body + _mac(key, listed, body)).decode().rstrip("=")


def from_cursor(key: bytes, listed: str, cursor: str) -> Keys:
    """The keys in a cursor of that list; raises CursorInvalid for anything else."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    body, mac = data[:_BODY_BYTES], data[_BODY_BYTES:]
    if len(body) != _BODY_BYTES or not compare_digest(mac, _mac(key, listed, body)):
        raise CursorInvalid()
    micros = int.from_bytes(body[:8], "big", signed=True)
    return _EPOCH + micros * _MICROSECOND, UUID(bytes=body[8:])
