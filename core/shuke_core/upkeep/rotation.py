"""Rotation of keys: tenants' keys under another master key, members' keys under another tenant key.

Each step is small and a unit of its own; what is done is read from the rows, so whoever was stopped
just begins again. Nothing that is sealed is ever without the key that opens it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, new_key, seal, unseal
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import current_tenant, fetch, fetch_value
from shuke_core.tenants.keyring import KEPT_SECONDS, forget_keys, former_audit_keys, tenant_keys
from shuke_core.tenants.master_keys import masters

BATCH = 500
NOTICE = timedelta(seconds=2 * KEPT_SECONDS)

# Every column that a master key seals.
_WRAPPED = {
    "tenant_key": ("sealing", "digesting"),
    "sealing_key": ("sealed",),
    "former_audit_key": ("sealed",),
}
_NEWEST = (
    "SELECT coalesce((SELECT id FROM sealing_key WHERE tenant_id = $1 "
    "ORDER BY generation DESC LIMIT 1), (SELECT id FROM tenant_key WHERE tenant_id = $1))"
)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """How far the current tenant is. `generation` 0 is the sealing key it began with.

    `other_masters`: ids of the master keys besides the present one that are still needed.
    `member_keys_left`: members' keys that are wrapped by an older sealing key than the newest.
    """

    generation: int
    other_masters: tuple[str, ...]
    member_keys_left: int


async def key_status() -> KeyStatus:
    """What is wrapped by what. Walks the audit chain's links: it is for an operator."""
    rows = await fetch(
        "SELECT master_key_id AS id FROM tenant_key WHERE tenant_id = $1 "
        "UNION SELECT master_key_id FROM sealing_key WHERE tenant_id = $1 "
        "UNION SELECT master_key_id FROM former_audit_key WHERE tenant_id = $1 "
        "UNION SELECT key_id FROM audit_link WHERE tenant_id = $1 AND key_id NOT IN "
        "(SELECT of_master_key_id FROM former_audit_key WHERE tenant_id = $1) ORDER BY id"
    )
    others = tuple(row["id"] for row in rows if row["id"] != masters().present.id)
    generation = await fetch_value(
        "SELECT coalesce(max(generation), 0) FROM sealing_key WHERE tenant_id = $1"
    )
    left = await fetch_value(
        f"SELECT count(*) FROM member_key WHERE tenant_id = $1 AND tenant_key_id <> ({_NEWEST})"
    )
    return KeyStatus(generation, others, left)


async def rewrap_tenant_keys() -> int:
    """Wraps the current tenant's keys by the present master key; returns how many were not.

    Also keeps the keys of audit links that the former master keys of the settings gave, so that the
    chain verifies when these are gone. Raises MasterKeyWrong; then nothing is changed.
    """
    tenant_id, present, done = current_tenant(), masters().present, 0
    for table, columns in _WRAPPED.items():
        rows = await fetch(
            f"SELECT id, master_key_id, {', '.join(columns)} FROM {table} "
            "WHERE tenant_id = $1 AND master_key_id <> $2 ORDER BY id FOR UPDATE",
            present.id,
        )
        for row in rows:
            wrapped_by = masters().that_wrapped(row["master_key_id"], tenant_id)
            places = [Place(tenant_id, table, row["id"], column) for column in columns]
            plain = [
                unseal(wrapped_by.key, row[column], place)
                for column, place in zip(columns, places, strict=True)
            ]
            said = ", ".join(f"{column} = ${at}" for at, column in enumerate(columns, start=4))
            await fetch(
                f"UPDATE {table} SET master_key_id = $3, {said} WHERE tenant_id = $1 AND id = $2",
                *(row["id"], present.id),
                *(seal(present.key, key, place) for key, place in zip(plain, places, strict=True)),
            )
        done += len(rows)
    await _keep_audit_keys()
    if done:
        await record("keys.rewrapped", "tenant", changes={"master_key": (None, present.id)})
    return done


async def _keep_audit_keys() -> None:
    tenant_id, present = current_tenant(), masters().present
    for key in former_audit_keys(tenant_id):
        row_id = new_id()
        await fetch(
            "INSERT INTO former_audit_key (tenant_id, id, of_master_key_id, master_key_id, sealed, "
            "created_at) VALUES ($1, $2, $3, $4, $5, $6) "
            "ON CONFLICT (tenant_id, of_master_key_id) DO NOTHING",
            *(row_id, key.id, present.id),
            seal(present.key, key.key, Place(tenant_id, "former_audit_key", row_id, "sealed")),
            clock.now(),
        )


async def begin_renewal() -> bool:
    """Gives the current tenant a new sealing key, unless the one before is not through yet.

    It opens from now on and seals after NOTICE, by the database's clock: no process seals with what
    another one can't open. Says whether a key was made.
    """
    await lock_until_commit("sealing keys")
    await tenant_keys()  # raises where there are none to go on from
    # What it counts takes its time: the notice is given from the moment of the row, not of the unit.
    status, tenant_id, present = await key_status(), current_tenant(), masters().present
    coming = await seals_from()
    if status.member_keys_left or coming is not None:
        return False
    row_id, generation = new_id(), status.generation + 1
    await fetch(
        "INSERT INTO sealing_key (tenant_id, id, generation, master_key_id, sealed, seals_from, "
        "created_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6, now())",
        *(row_id, generation, present.id),
        seal(present.key, new_key(), Place(tenant_id, "sealing_key", row_id, "sealed")),
        NOTICE,
    )
    await record("keys.renewed", "tenant", changes={"generation": (status.generation, generation)})
    return True


async def seals_from() -> datetime | None:
    """From when on the newest sealing key seals; None when it does already."""
    found: datetime | None = await fetch_value(
        "SELECT max(seals_from) FROM sealing_key WHERE tenant_id = $1 AND seals_from > now()"
    )
    return found


async def rewrap_member_keys(after: UUID | None = None) -> UUID | None:
    """Wraps one batch of members' keys by the sealing key in force, by id, from after `after` on.

    Returns the last id it came to, or None at the end. A pass may miss members who joined
    meanwhile: `key_status` says what is left.
    """
    tenant_id = current_tenant()
    if after is None:
        forget_keys(tenant_id)
    keys = await tenant_keys()
    rows = await fetch(
        "SELECT id, wrapped FROM member_key WHERE tenant_id = $1 AND tenant_key_id <> $2 "
        f"AND id > $3 ORDER BY id LIMIT {BATCH} FOR UPDATE",
        *(keys.id, after or UUID(int=0)),
    )
    ids = [row["id"] for row in rows]
    places = [Place(tenant_id, "member_key", each, "wrapped") for each in ids]
    await fetch(
        "UPDATE member_key k SET wrapped = t.wrapped, tenant_key_id = $2 "
        "FROM unnest($3::uuid[], $4::bytea[]) AS t(id, wrapped) "
        "WHERE k.tenant_id = $1 AND k.id = t.id",
        *(keys.id, ids),
        [
            seal(keys.sealing, keys.open(row["wrapped"], place), place)
            for row, place in zip(rows, places, strict=True)
        ],
    )
    return ids[-1] if len(ids) == BATCH else None
