"""Member codes (会员码): what a member shows as a QR code and a till redeems, once within a minute.

`SKM.` and 56 letters: who, until when and a nonce, signed under a key derived from the tenant's. It
needs no row until it is used, names nobody to who holds no key, and is forgotten an hour later.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.errors import MemberCodeExpired, MemberCodeInvalid, MemberCodeUsed
from shuke_core.tenants.keyring import tenant_keys

CODE_LIFE: Final = timedelta(seconds=60)
PREFIX: Final = "SKM."
ACT: Final = "member.code_redeemed"
_REMEMBERED = timedelta(hours=1)  # far longer than any code lives
_SWEPT = 100
_ID, _UNTIL, _NONCE, _MAC = 16, 4, 8, 14  # bytes: 42, which are 56 letters without padding


@dataclass(frozen=True, slots=True)
class MemberCode:
    """The text of the QR code, and until when it can be redeemed."""

    text: str
    expires_at: datetime


async def new_member_code(member_id: UUID) -> MemberCode:
    """A fresh code of the member. Nothing is stored; each is good by itself, once."""
    until = int((clock.now() + CODE_LIFE).timestamp())
    said = member_id.bytes + until.to_bytes(_UNTIL, "big") + secrets.token_bytes(_NONCE)
    text = PREFIX + base64.urlsafe_b64encode(said + await _mac(said)).decode()
    return MemberCode(text, datetime.fromtimestamp(until, UTC))


async def redeem_member_code(text: str) -> UUID:
    """Whose code it is: told once. Recorded.

    Raises MemberCodeInvalid (also where its member is not there, or not to be seen by who asks),
    MemberCodeExpired, MemberCodeUsed.
    """
    said = await _signed(text.strip())
    member_id, expires_at = _read(said)
    if expires_at <= clock.now():
        raise MemberCodeExpired()
    # The unique use comes first: of many who redeem it at once all others wait here, and lose.
    if not await note_use(said):
        raise MemberCodeUsed()
    row = await fetch_one(
        "SELECT m.id FROM member m WHERE m.tenant_id = $1 AND m.state = 'active' AND m.id = ("
        "SELECT coalesce(s.merged_into_id, s.id) FROM member s WHERE s.tenant_id = $1 AND s.id = $2)",
        member_id,
    )
    if row is None:
        raise MemberCodeInvalid()
    found: UUID = row["id"]
    await record(ACT, f"member:{found}", member_id=found)
    return found


async def note_use(said: bytes) -> bool:
    """Notes that what a code says is used, however its letters were written; False where it was.
    Forgets uses of more than an hour ago."""
    now = clock.now()
    await fetch(
        "DELETE FROM member_code_use WHERE tenant_id = $1 AND id IN (SELECT id FROM member_code_use "
        f"WHERE tenant_id = $1 AND used_at < $2 ORDER BY used_at LIMIT {_SWEPT} "
        "FOR UPDATE SKIP LOCKED)",
        now - _REMEMBERED,
    )
    rows = await fetch(
        "INSERT INTO member_code_use (tenant_id, id, digest, used_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (tenant_id, digest) DO NOTHING RETURNING id",
        *(new_id(), sha256(said).digest(), now),
    )
    return bool(rows)


async def _signed(text: str) -> bytes:
    """What the code says; raises MemberCodeInvalid unless we have signed it."""
    letters = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or len(letters) != 4 * (_ID + _UNTIL + _NONCE + _MAC) // 3:
        raise MemberCodeInvalid()
    try:
        data = base64.b64decode(letters, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise MemberCodeInvalid() from None
    said, mac = data[:-_MAC], data[-_MAC:]
    if not hmac.compare_digest(mac, await _mac(said)):
        raise MemberCodeInvalid()
    return said


def _read(said: bytes) -> tuple[UUID, datetime]:
    """Whose it is and until when it holds."""
    until = int.from_bytes(said[_ID : _ID + _UNTIL], "big")
    return UUID(bytes=said[:_ID]), datetime.fromtimestamp(until, UTC)


async def _mac(said: bytes) -> bytes:
    key = keyed_digest((await tenant_keys()).digesting, "member code")
    return hmac.digest(key, said, "sha256")[:_MAC]
