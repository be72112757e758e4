"""Reads of the audit: search, newest first; changes opened for who may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shuke_core.kit.conditions import Conditions
from shuke_core.kit.crypto import Place
from shuke_core.kit.transactions import current_tenant, fetch
from shuke_core.tenants.keyring import member_keys, tenant_keys


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One act. `position` is its place in the chain, None until it is sealed."""

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
    """What is looked for; None: whatever."""

    act: str | None = None
    subject: str | None = None
    actor_id: UUID | None = None
    member_id: UUID | None = None


# Entries keep the id of their moment; who a member was merged from is them as well.
_OF_MEMBER = (
    "e.member_id IN (SELECT {}::uuid UNION ALL SELECT a.id FROM member a "
    "WHERE a.tenant_id = $1 AND a.merged_into_id = {})"
)


async def acts_before(
    search: Search, before: tuple[datetime, UUID] | None, limit: int
) -> list[EntryRow]:
    """Entries that fit, newest first, after the cursor `before` in that order."""
    at, entry_id = before or (None, None)
    wanted = (
        Conditions("e.tenant_id = $1")
        .when("e.act = {}", search.act)
        .when("e.subject = {}", search.subject)
        .when("e.actor_id = {}", search.actor_id)
        .when(_OF_MEMBER, search.member_id, search.member_id)
        .when("(e.recorded_at, e.id) < ({}, {})", at, entry_id)
    )
    rows = await fetch(
        "SELECT e.id, l.position, e.actor_kind, e.actor_id, e.actor_name, e.source, e.act, "
        "e.subject, e.member_id, e.reason, e.changes, e.recorded_at FROM audit_entry e "
        "LEFT JOIN audit_link l ON l.tenant_id = $1 AND l.entry_id = e.id "
        f"WHERE {wanted} ORDER BY e.recorded_at DESC, e.id DESC LIMIT {wanted.limit(limit)}",
        *wanted.values,
    )
    return [EntryRow(**row) for row in rows]


async def opened_changes(rows: Sequence[EntryRow]) -> Mapping[UUID, dict[str, Any] | None]:
    """What changed in each of the entries: field to [before, after]; None where nothing did, or
    where the member has been erased."""
    own = await member_keys({row.member_id for row in rows if row.member_id is not None})
    tenant, opened = (await tenant_keys()).for_texts, dict[UUID, dict[str, Any] | None]()
    for row in rows:
        key = tenant if row.member_id is None else own.get(row.member_id)
        place = Place(current_tenant(), "audit_entry", row.id, "changes")
        opened[row.id] = orjson.loads(key.open(row.changes, place)) if row.changes and key else None
    return opened
