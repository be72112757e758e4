"""The verb of the audit: record an act, in the unit of work that does it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.audit.events import ActRecorded
from shuke_core.audit.sealed import keep
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import fetch

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
    ("member:<id>", "task:<id>"). `changes` maps fields to (before, after), personal values masked. With
    `member_id` all of these but the act are sealed under that member's key and gone with them
    (`audit.sealed`); without it `reason` stands in the clear, for good. Numbers of people are hidden in
    it either way. It commits with the act: there is none without its entry."""
    actor, entry_id = current_actor(), new_id()
    why = without_people(reason)[:LONGEST_REASON]
    kept = await keep(entry_id, subject, why, changes, member_id)
    await fetch(
        "INSERT INTO audit_entry (tenant_id, id, actor_kind, actor_id, actor_name, source, act, "
        "subject, member_id, reason, changes, recorded_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        entry_id,
        *(actor.kind, actor.id, actor.name, actor.source),
        *(act, kept.subject, member_id, kept.reason, kept.sealed, clock.now()),
    )
    announce(ActRecorded(entry_id))
    return entry_id
