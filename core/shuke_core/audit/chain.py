"""The chain: each entry gets the next position and a MAC over itself and the link before it.

The key comes from the master key and is not in the database (a rotation keeps former ones sealed),
so not even the database's owner can make a chain that verifies. The head is told to the log each
time it moves: a log kept elsewhere shows a tail that was cut off.
"""

import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, current_tenant, fetch
from shuke_core.tenants.keyring import audit_key, known_audit_keys, tenant_keys

_BATCH = 1_000
_GENESIS = b"\x00" * 32
_FIELDS = (
    "id, actor_kind, actor_id, actor_name, source, act, subject, member_id, reason, changes, "
    "recorded_at"
)

log = logging.getLogger("shuke.audit")


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends."""

    position: int
    mac: bytes


def _mac(key: bytes, tenant_id: UUID, position: int, before: bytes, entry: Row) -> bytes:
    body = {
        name: value.hex() if isinstance(value, bytes) else str(value)
        for name, value in entry.items()
    }
    said = orjson.dumps([str(tenant_id), position, before.hex(), body], option=orjson.OPT_SORT_KEYS)
    return hmac.new(key, said, sha256).digest()


async def head() -> Head:
    """Where the tenant's chain ends now; position 0 before the first link."""
    rows = await fetch(
        "SELECT position, mac FROM audit_link WHERE tenant_id = $1 ORDER BY position DESC LIMIT 1"
    )
    return Head(rows[0]["position"], bytes(rows[0]["mac"])) if rows else Head(0, _GENESIS)


async def seal_entries(entry_ids: Sequence[UUID]) -> int:
    """Adds entries to the chain, in this order; those that have their link already are left out.

    Called by one reaction of the tenant, whose cursor is locked also while a parked event is tried
    again: nobody else adds links meanwhile.
    """
    rows = await fetch(
        f"SELECT {_FIELDS} FROM audit_entry e WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
        "AND NOT EXISTS (SELECT FROM audit_link l WHERE l.tenant_id = $1 AND l.entry_id = e.id)",
        list(entry_ids),
    )
    await tenant_keys()  # raises for another master key: links made with it could never be mended
    by_id = {row["id"]: row for row in rows}
    key, end, tenant_id = audit_key(current_tenant()), await head(), current_tenant()
    links: list[tuple[UUID, int, UUID, bytes]] = []
    for entry_id in entry_ids:
        if entry_id in by_id:
            position = end.position + 1
            end = Head(position, _mac(key.key, tenant_id, position, end.mac, by_id[entry_id]))
            links.append((new_id(), position, entry_id, end.mac))
    if not links:
        return 0
    await fetch(
        "INSERT INTO audit_link (tenant_id, id, position, entry_id, mac, key_id) "
        "SELECT $1, t.*, $2 FROM unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::bytea[]) AS t",
        key.id,
        *(list(column) for column in zip(*links, strict=True)),
    )
    log.info("audit head %s %d %s", tenant_id, end.position, end.mac.hex())
    return len(links)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found. `faults` is empty where nothing was touched."""

    head: Head
    entries: int
    unsealed: int
    faults: tuple[str, ...]


async def verify_chain(known: Sequence[tuple[int, str]] = ()) -> Verdict:
    """Walks the chain from its beginning and derives each MAC anew.

    Finds a changed entry or link, a gap, an entry that was taken away, and, with heads that the log
    has told (`known`: position, MAC in hex), a tail that was cut off or a chain that was replaced.
    """
    keys, tenant_id = await known_audit_keys(), current_tenant()
    wanted = dict(known)
    faults: list[str] = []
    end = Head(0, _GENESIS)
    while rows := await _links_after(end.position):
        for row in rows:
            end = _follow(keys, tenant_id, end, row, faults)
            told = wanted.pop(end.position, None)
            if told is not None and told != end.mac.hex():
                faults.append(f"at {end.position} the log told another link")
    faults += [f"the log told of {position} links, here are {end.position}" for position in wanted]
    counts = (
        await fetch(
            "SELECT count(*) AS entries, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM audit_link l "
            "WHERE l.tenant_id = $1 AND l.entry_id = e.id)) AS unsealed, count(*) FILTER (WHERE "
            "recorded_at < now() - interval '1 minute' AND NOT EXISTS (SELECT FROM audit_link l "
            "WHERE l.tenant_id = $1 AND l.entry_id = e.id) AND NOT EXISTS (SELECT FROM tenant t "
            "WHERE t.id = $1 AND t.state = 'suspended')) AS overdue "
            "FROM audit_entry e WHERE tenant_id = $1"
        )
    )[0]
    if counts["overdue"]:
        faults.append(f"{counts['overdue']} entries have no link after a minute")
    return Verdict(end, counts["entries"], counts["unsealed"], tuple(faults))


async def _links_after(position: int) -> list[Row]:
    return await fetch(
        f"SELECT l.position, l.mac, l.key_id, {', '.join('e.' + f for f in _FIELDS.split(', '))} "
        "FROM audit_link l LEFT JOIN audit_entry e ON e.tenant_id = $1 AND e.id = l.entry_id "
        f"WHERE l.tenant_id = $1 AND l.position > $2 ORDER BY l.position LIMIT {_BATCH}",
        position,
    )


def _follow(
    keys: Mapping[str, bytes], tenant_id: UUID, end: Head, row: Row, faults: list[str]
) -> Head:
    entry: dict[str, Any] = dict(row)
    position, mac = entry.pop("position"), bytes(entry.pop("mac"))
    made_by = entry.pop("key_id")
    if position != end.position + 1:
        faults.append(f"links {end.position + 1} to {position - 1} are missing")
    elif made_by not in keys:
        faults.append(f"link {position} was made with the master key {made_by}")
    elif not hmac.compare_digest(mac, _mac(keys[made_by], tenant_id, position, end.mac, entry)):
        faults.append(
            f"link {position} does not fit its entry ({entry['act']}, {entry['subject']})"
        )
    return Head(position, mac)
