"""What of an entry about a member is under the member's own key: what changed, why, and what it was done
to. Once they are erased none of it can be read.

An entry names the member by id, for good. Were the order or the task it was about named beside, the
id would lead to whoever that order is kept for: so of a subject that is not the member only the kind
stands in the clear, with a digest under the member's key, by which it is found while there is one.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from shuke_core.kit.crypto import CannotOpen, Place, keyed_digest, seal
from shuke_core.kit.transactions import current_tenant
from shuke_core.tenants.keyring import TextKeys, member_keys, tenant_keys

# Beside the fields that changed: none of these begins so.
_REASON, _SUBJECT = "$reason", "$subject"
_DIGEST = 16  # bytes of it: nobody can choose what collides without the key

Changes = Mapping[str, tuple[Any, Any]]

log = logging.getLogger("shuke.audit")


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says. `changes` maps fields to [before, after]; None where nothing changed, or
    where the member is erased. `reason` is empty and `subject` only a kind where that is so, and where
    the entry is damaged: its key is there, and one of the two does not open."""

    changes: dict[str, Any] | None
    reason: str
    subject: str
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """How an entry is kept: subject and reason as they stand in the clear, the rest sealed."""

    subject: str
    reason: str
    sealed: bytes | None


def place_of(entry_id: UUID) -> Place:
    """Where what is sealed of an entry stands."""
    return Place(current_tenant(), "audit_entry", entry_id, "changes")


async def keep(
    entry_id: UUID, subject: str, reason: str, changes: Changes | None, member_id: UUID | None
) -> Kept:
    """Seals what is to be; of what is about no member only the changes, under the tenant's key. About who
    is erased only the act and the kind of its subject are kept."""
    body: dict[str, Any] = dict(changes or {})
    if member_id is None:
        return Kept(subject, reason, await _sealed((await tenant_keys()).for_texts, entry_id, body))
    if reason:
        body[_REASON] = reason
    hidden = not subject.startswith("member:")
    if hidden:
        body[_SUBJECT] = subject
    if not body:
        return Kept(subject, "", None)
    key = (await member_keys({member_id})).get(member_id)
    if key is None:  # erased: what is personal would outlive them under any other key
        return Kept(f"{subject.partition(':')[0]}:~" if hidden else subject, "", None)
    return Kept(
        digested(key.own, subject) if hidden else subject, "", await _sealed(key, entry_id, body)
    )


async def _sealed(key: TextKeys, entry_id: UUID, body: Mapping[str, Any]) -> bytes | None:
    if not body:
        return None
    return seal(key.own, orjson.dumps(body, default=str), place_of(entry_id))


def digested(key: bytes, subject: str) -> str:
    """A subject as it stands in the clear: "task:~" and a digest that only the key can make."""
    kind = subject.partition(":")[0]
    return f"{kind}:~{keyed_digest(key, 'audit subject', subject)[:_DIGEST].hex()}"


async def subjects_of(subject: str, member_ids: Iterable[UUID]) -> list[str]:
    """All that the subject may stand as in entries about these members, whoever they were merged from."""
    keys, _ = await keys_that_open(set(member_ids))
    return [subject, *(digested(key, subject) for each in keys.values() for key in each.opens)]


async def keys_that_open(member_ids: set[UUID]) -> tuple[dict[UUID, TextKeys], set[UUID]]:
    """The members' keys, and whose do not open: one by one only where there is such a one."""
    try:
        return await member_keys(member_ids), set()
    except CannotOpen:
        own: dict[UUID, TextKeys] = {}
        broken: set[UUID] = set()
        for each in member_ids:
            try:
                own |= await member_keys({each})
            except CannotOpen:
                broken.add(each)
        return own, broken


def told(entry_id: UUID, kept: Kept, key: TextKeys | None) -> Told:
    """What the entry says to who has the key; None for that of a member who is erased."""
    shown = kept.subject.partition(":~")[0]
    if kept.sealed is None or key is None:
        return Told(None, kept.reason, shown)
    try:
        body = orjson.loads(key.open(kept.sealed, place_of(entry_id)))
    except CannotOpen:
        return damaged(entry_id, kept)
    reason, subject = body.pop(_REASON, kept.reason), body.pop(_SUBJECT, shown)
    return Told(body or None, reason, subject)


def damaged(entry_id: UUID, kept: Kept) -> Told:
    """An entry that does not open, or whose key does not: it keeps nobody from reading the others, and
    says so where something is sealed."""
    shown = kept.subject.partition(":~")[0]
    if kept.sealed is None:
        return Told(None, kept.reason, shown)
    log.error("an audit entry does not open", extra={"entry": str(entry_id)})
    return Told(None, kept.reason, shown, is_damaged=True)
