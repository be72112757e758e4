"""The master keys of this process: the present one wraps, it and the former ones unwrap."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit.crypto import KEY_BYTES
from shuke_core.tenants.errors import MasterKeyMissing, MasterKeyWrong


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Wraps the tenants' keys. `id` tells two master keys apart without telling the key."""

    key: bytes

    @property
    def id(self) -> str:
        return hashlib.sha256(b"shuke master key" + self.key).hexdigest()[:16]

    @classmethod
    def from_text(cls, text: str) -> "MasterKey":
        """Reads base64 text; raises ValueError unless it is exactly 32 bytes."""
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError("SHUKE_MASTER_KEY must be exactly 32 bytes in base64.")
        return cls(key)


@dataclass(frozen=True, slots=True)
class Masters:
    """The present master key, and those that tenants' keys may still be wrapped by."""

    present: MasterKey
    former: tuple[MasterKey, ...] = ()

    def that_wrapped(self, key_id: str, tenant_id: UUID) -> MasterKey:
        """The master key of that id; raises MasterKeyWrong where it is not at hand."""
        for key in (self.present, *self.former):
            if key.id == key_id:
                return key
        found = ", ".join(key.id for key in (self.present, *self.former))
        raise MasterKeyWrong(tenant_id=tenant_id, wanted=key_id, found=found)


_masters: Masters | None = None


def set_masters(present: MasterKey | None, former: Iterable[MasterKey] = ()) -> None:
    """Sets this process's master keys; None takes them away."""
    global _masters
    if present is None:
        _masters = None
    else:
        others = {key.id: key for key in former if key.id != present.id}
        _masters = Masters(present, tuple(others.values()))


def masters() -> Masters:
    """The master keys of this process; raises MasterKeyMissing."""
    if _masters is None:
        raise MasterKeyMissing()
    return _masters
