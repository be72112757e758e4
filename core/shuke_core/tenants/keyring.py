"""The tenant's keys, unwrapped by the master key and kept in this process for a while."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.crypto import CannotOpen, Place, keyed_digest, new_key, seal, unseal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, current_tenant, fetch, read
from shuke_core.tenants.errors import TenantKeysMissing
from shuke_core.tenants.master_keys import MasterKey, masters, set_masters

# For so long a process may go on with what it has unwrapped. A new sealing key seals only after
# twice the time, when every process has read it.
KEPT_SECONDS = 60.0
_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class TextKeys:
    """Keys of one holder, a member or the tenant: `own` seals what is new, `opens` are all that open.

    A member's own comes first, then those of the members that were merged into them, whose texts came
    along as they were.
    """

    own: bytes
    opens: tuple[bytes, ...]

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Opens a value with whichever key fits; raises CannotOpen."""
        for key in self.opens[:-1]:
            with suppress(CannotOpen):
                return unseal(key, sealed, place)
        return unseal(self.opens[-1], sealed, place)


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """`sealing` encrypts, `digesting` makes look-up digests; `id` is stored beside what they made.

    `others` are sealing keys of before, and the next one before its time: they open what is theirs.
    """

    id: UUID
    sealing: bytes
    digesting: bytes
    others: tuple[bytes, ...] = ()

    @property
    def for_texts(self) -> TextKeys:
        """What seals and opens texts that are about no member."""
        return TextKeys(self.sealing, (self.sealing, *self.others))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Opens what one of the tenant's sealing keys has sealed; raises CannotOpen."""
        return self.for_texts.open(sealed, place)


_unwrapped: dict[UUID, tuple[float, TenantKeys]] = {}


def use_master_key(present: MasterKey | None, former: Iterable[MasterKey] = ()) -> None:
    """Sets the master keys of this process and forgets what the ones before unwrapped."""
    set_masters(present, former)
    _unwrapped.clear()


def forget_keys(tenant_id: UUID) -> None:
    """Makes this process read the tenant's keys anew."""
    _unwrapped.pop(tenant_id, None)


async def create_tenant_keys() -> None:
    """Makes the keys of the current tenant, once."""
    master, tenant_id, key_id = masters().present, current_tenant(), new_id()
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


# The key that the tenant began with, and those that came after it, newest first.
_SEALING_KEYS = """
SELECT id, master_key_id, sealing AS sealed, digesting, 0 AS generation, true AS in_force
  FROM tenant_key WHERE tenant_id = $1
 UNION ALL
SELECT id, master_key_id, sealed, NULL, generation, seals_from <= now()
  FROM sealing_key WHERE tenant_id = $1 ORDER BY generation DESC
"""


def place_of(generation: int, tenant_id: UUID, row_id: UUID) -> Place:
    """Where a sealing key stands: the first one in the row of the tenant's keys."""
    table, column = ("sealing_key", "sealed") if generation else ("tenant_key", "sealing")
    return Place(tenant_id, table, row_id, column)


async def tenant_keys() -> TenantKeys:
    """The keys of the current tenant. Raises TenantKeysMissing and MasterKeyWrong."""
    tenant_id = current_tenant()
    until, keys = _unwrapped.get(tenant_id, (0.0, None))
    if keys is None or until < monotonic():
        rows = await read(_SEALING_KEYS)
        if not rows:
            raise TenantKeysMissing(tenant_id=tenant_id)
        keys = _opened(tenant_id, rows)
        if len(_unwrapped) >= _KEPT:
            _unwrapped.pop(next(iter(_unwrapped)))
        _unwrapped[tenant_id] = (monotonic() + KEPT_SECONDS, keys)
    return keys


def _opened(tenant_id: UUID, rows: list[Row]) -> TenantKeys:
    first = rows[-1]
    keys = {
        row["id"]: unseal(
            masters().that_wrapped(row["master_key_id"], tenant_id).key,
            row["sealed"],
            place_of(row["generation"], tenant_id, row["id"]),
        )
        for row in rows
    }
    digesting = unseal(
        masters().that_wrapped(first["master_key_id"], tenant_id).key,
        first["digesting"],
        Place(tenant_id, "tenant_key", first["id"], "digesting"),
    )
    newest = next(row["id"] for row in rows if row["in_force"])
    others = tuple(key for row_id, key in keys.items() if row_id != newest)
    return TenantKeys(newest, keys[newest], digesting, others)


async def member_keys(member_ids: set[UUID]) -> dict[UUID, TextKeys]:
    """The members' keys, opened with the tenant's; an erased member has none."""
    if not member_ids:
        return {}
    keys, tenant_id = await tenant_keys(), current_tenant()
    rows = await fetch(
        "SELECT k.id, k.member_id AS holder, k.wrapped, true AS own FROM member_key k "
        "WHERE k.tenant_id = $1 AND k.member_id = ANY ($2::uuid[]) "
        "UNION ALL SELECT k.id, m.merged_into_id, k.wrapped, false FROM member m "
        "JOIN member_key k ON k.tenant_id = $1 AND k.member_id = m.id "
        "WHERE m.tenant_id = $1 AND m.merged_into_id = ANY ($2::uuid[]) ORDER BY own DESC",
        list(member_ids),
    )
    found: dict[UUID, list[bytes]] = {}
    for row in rows:
        place = Place(tenant_id, "member_key", row["id"], "wrapped")
        found.setdefault(row["holder"], []).append(keys.open(row["wrapped"], place))
    return {holder: TextKeys(each[0], tuple(each)) for holder, each in found.items()}


@dataclass(frozen=True, slots=True)
class AuditKey:
    """Makes the MACs of a tenant's audit chain; never stored. `id` names the master key behind."""

    id: str
    key: bytes


def _derived(master: MasterKey, tenant_id: UUID) -> bytes:
    return keyed_digest(master.key, "shuke audit", str(tenant_id))


def audit_key(tenant_id: UUID) -> AuditKey:
    """The key that the tenant's next links are made with, derived from the present master key."""
    present = masters().present
    return AuditKey(present.id, _derived(present, tenant_id))


def former_audit_keys(tenant_id: UUID) -> list[AuditKey]:
    """Those that former master keys of the settings give."""
    return [AuditKey(master.id, _derived(master, tenant_id)) for master in masters().former]


async def known_audit_keys() -> dict[str, bytes]:
    """By id, every key that links of the current tenant can be verified with: of the master keys at
    hand, and those that a rotation has kept, which outlive their master key."""
    tenant_id = current_tenant()
    at_hand = {key.id: key for key in (masters().present, *masters().former)}
    known = {key_id: _derived(master, tenant_id) for key_id, master in at_hand.items()}
    rows = await fetch(
        "SELECT id, of_master_key_id, master_key_id, sealed FROM former_audit_key "
        "WHERE tenant_id = $1"
    )
    for row in rows:
        wrapped_by = at_hand.get(row["master_key_id"])
        if wrapped_by is not None:
            place = Place(tenant_id, "former_audit_key", row["id"], "sealed")
            known[row["of_master_key_id"]] = unseal(wrapped_by.key, row["sealed"], place)
    return known
