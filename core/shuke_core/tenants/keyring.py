"""The tenant's keys, unwrapped by the master key and kept in this process for a while."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.crypto import KEY_BYTES, Place, new_key, seal, unseal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one
from shuke_core.tenants.errors import MasterKeyMissing, MasterKeyWrong, TenantKeysMissing

_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """`sealing` encrypts, `digesting` makes look-up digests; `id` is stored beside what they made."""

    id: UUID
    sealing: bytes
    digesting: bytes


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


_master: MasterKey | None = None
_unwrapped: dict[UUID, TenantKeys] = {}


def use_master_key(key: MasterKey | None) -> None:
    """Sets the master key of this process and forgets what the former one unwrapped."""
    global _master
    _master = key
    _unwrapped.clear()


def _master_key() -> MasterKey:
    if _master is None:
        raise MasterKeyMissing()
    return _master


async def create_tenant_keys() -> None:
    """Makes the keys of the current tenant, once."""
    master, tenant_id, key_id = _master_key(), current_tenant(), new_id()
    sealing, digesting = new_key(), new_key()
    await fetch(
        "INSERT INTO tenant_key (tenant_id, id, master_key_id, sealing, digesting, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id) DO NOTHING",
        key_id,
        master.id,
        seal(master.key, sealing, Place(tenant_id, "tenant_key", key_id, "sealing")),
        seal(master.key, digesting, Place(tenant_id, "tenant_key", key_id, "digesting")),
        clock.now(),
    )


async def tenant_keys() -> TenantKeys:
    """The keys of the current tenant."""
    tenant_id = current_tenant()
    found = _unwrapped.get(tenant_id)
    if found is not None:
        return found
    master = _master_key()
    row = await fetch_one(
        "SELECT id, master_key_id, sealing, digesting FROM tenant_key WHERE tenant_id = $1"
    )
    if row is None:
        raise TenantKeysMissing(tenant_id=tenant_id)
    if row["master_key_id"] != master.id:
        raise MasterKeyWrong(tenant_id=tenant_id, wanted=row["master_key_id"], found=master.id)
    keys = TenantKeys(
        row["id"],
        unseal(master.key, row["sealing"], Place(tenant_id, "tenant_key", row["id"], "sealing")),
        unseal(
            master.key, row["digesting"], Place(tenant_id, "tenant_key", row["id"], "digesting")
        ),
    )
    if len(_unwrapped) >= _KEPT:
        _unwrapped.pop(next(iter(_unwrapped)))
    _unwrapped[tenant_id] = keys
    return keys
