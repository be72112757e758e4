"""The verb of the audit: record an act, in the unit of work that does it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from shuke_core.audit.actors import current_actor
from shuke_core.audit.events import ActRecorded
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import current_tenant, fetch
from shuke_core.tenants.keyring import member_keys, tenant_keys

LONGEST_REASON = 500


async def record(
    act: str,
    subject: str,
    *,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    member_id: UUID | None = None,
    reason: str = "",
) -> UUID:
    """Records what the actor of the open unit does to `subject`; returns the entry's id.

    `act` is dotted words, stable for ever ("member.renamed"); `subject` names what it was done to
    ("member:<id>"). `changes` maps fields to (before, after), personal values masked: they are sealed
    all the same. `reason` stands in the clear: numbers of people are hidden in it. It commits with the
    act: there is none without its entry."""
    actor, entry_id = current_actor(), new_id()
    sealed = await _sealed(entry_id, changes, member_id) if changes else None
    await fetch(
        "INSERT INTO audit_entry (tenant_id, id, actor_kind, actor_id, actor_name, source, act, "
        "subject, member_id, reason, changes, recorded_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        entry_id,
        *(actor.kind, actor.id, actor.name, actor.source),
        *(act, subject, member_id, without_people(reason)[:LONGEST_REASON], sealed, clock.now()),
    )
    announce(ActRecorded(entry_id))
    return entry_id


async def _sealed(
    entry_id: UUID, changes: Mapping[str, tuple[Any, Any]], member_id: UUID | None
) -> bytes:
    keys = (await tenant_keys()).for_texts
    if member_id is not None:
        keys = (await member_keys({member_id})).get(member_id, keys)
    place = Place(current_tenant(), "audit_entry", entry_id, "changes")
    return seal(keys.own, orjson.dumps(dict(changes), default=str), place)
