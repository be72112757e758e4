"""Envelope encryption and keyed digests: master key → tenant key → member key → value.

AES-256-GCM throughout. The associated data names tenant, table, row and column, so that a cipher
copied into another row does not open. A sealed value is `version byte · 12 byte nonce · cipher`.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shuke_core.kit.errors import ShukeError

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12


class CannotOpen(ShukeError):
    code = "CIPHER_CANNOT_BE_OPENED"
    sentence = "The value in {place} does not open with the key at hand."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; it opens nowhere else."""

    tenant_id: UUID
    table: str
    row_id: UUID
    column: str

    def associated_data(self) -> bytes:
        return b"|".join(
            (self.tenant_id.bytes, self.table.encode(), self.row_id.bytes, self.column.encode())
        )

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of {self.row_id}"


def new_key() -> bytes:
    """A fresh random 256-bit key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, place: Place) -> bytes:
    """Encrypts `plain` so that it opens only with `key` and only at `place`."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, place.associated_data())


def unseal(key: bytes, sealed: bytes, place: Place) -> bytes:
    """The inverse of `seal`; raises CannotOpen for another key, another place or a changed byte."""
    try:
        if sealed[:1] != _VERSION:
            raise CannotOpen(place=place)
        nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return AESGCM(key).decrypt(nonce, cipher, place.associated_data())
    except (InvalidTag, ValueError) as refused:
        raise CannotOpen(place=place) from refused


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA256 over the parts, each preceded by its length, for looking up what is sealed."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        data = part.encode()
        mac.update(len(data).to_bytes(4, "big") + data)
    return mac.digest()


def token_digest(token: str) -> bytes:
    """How an opaque 256-bit token is kept at rest. It is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()
