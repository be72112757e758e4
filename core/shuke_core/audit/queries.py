"""Reads of the audit: search, newest first; changes opened for who may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shuke_core.audit.sealed import Kept, Told, damaged, keys_that_open, subjects_of, told
from shuke_core.kit.conditions import Conditions
from shuke_core.kit.pagination import MOST_ROWS
from shuke_core.kit.transactions import fetch
from shuke_core.tenants.keyring import tenant_keys


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One act, as it is kept. `position` is its place in the chain, None until it is sealed."""

    id: UUID
    position: int | None
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    source: str
    act: str
    subject: str
    member_id: UUID | None
    reason: str
    changes: bytes | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None: whatever. Entries about a member are found by another subject than the
    member only together with `member_id`."""

    act: str | None = None
    subject: str | None = None
    actor_id: UUID | None = None
    member_id: UUID | None = None


_ENTRIES = "SELECT e.* FROM audit_entry e"
_NEWEST = "ORDER BY e.recorded_at DESC, e.id DESC"


async def acts_before(
    search: Search, before: tuple[datetime, UUID] | None, limit: int
) -> list[EntryRow]:
    """Entries that fit, newest first, after the cursor `before` in that order."""
    at, entry_id = before or (None, None)
    subjects = (
        await subjects_of(search.subject, {search.member_id} if search.member_id else ())
        if search.subject is not None
        else None
    )
    wanted = (
        Conditions("e.tenant_id = $1")
        .when("e.act = {}", search.act)
        .when("e.subject = ANY ({}::text[])", subjects)
        .when("e.actor_id = {}", search.actor_id)
        .when("(e.recorded_at, e.id) < ({}, {})", at, entry_id)
    )
    most = wanted.limit(limit)
    found = f"{_ENTRIES} WHERE {wanted} {_NEWEST} LIMIT {most}"
    if search.member_id is not None:
        found = _of_member(wanted, search.member_id)
    rows = await fetch(
        "SELECT e.id, l.position, e.actor_kind, e.actor_id, e.actor_name, e.source, e.act, "
        f"e.subject, e.member_id, e.reason, e.changes, e.recorded_at FROM ({found}) e "
        "LEFT JOIN audit_link l ON l.tenant_id = $1 AND l.entry_id = e.id "
        f"{_NEWEST} LIMIT {most}",
        *wanted.values,
    )
    return [EntryRow(**row) for row in rows]


async def opened_entries(rows: Sequence[EntryRow]) -> Mapping[UUID, Told]:
    """What each of the entries says, as far as it can still be read."""
    own, broken = await keys_that_open({row.member_id for row in rows if row.member_id is not None})
    tenant = (await tenant_keys()).for_texts
    opened: dict[UUID, Told] = {}
    for row in rows:
        kept = Kept(row.subject, row.reason, row.changes)
        if row.member_id in broken:
            opened[row.id] = damaged(row.id, kept)
        else:
            key = tenant if row.member_id is None else own.get(row.member_id)
            opened[row.id] = told(row.id, kept, key)
    return opened


def _of_member(wanted: Conditions, member_id: UUID) -> str:
    """Entries keep the id of their moment; whoever was merged into the member is them as well. A page
    of each is read, along one index: a limit that the planner can see keeps it there."""
    who = wanted.value(member_id)
    return (
        f"SELECT newest.* FROM (SELECT {who}::uuid AS id UNION ALL SELECT a.id FROM member a "
        f"WHERE a.tenant_id = $1 AND a.merged_into_id = {who}) AS own CROSS JOIN LATERAL "
        f"({_ENTRIES} WHERE {wanted} AND e.member_id = own.id {_NEWEST} LIMIT {MOST_ROWS + 1}) "
        "AS newest"
    )


async def opened_changes(rows: Sequence[EntryRow]) -> Mapping[UUID, dict[str, Any] | None]:
    """What changed in each of the entries: field to [before, after]; None where nothing did, or
    where the member has been erased."""
    return {entry_id: each.changes for entry_id, each in (await opened_entries(rows)).items()}
