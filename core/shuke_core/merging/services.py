"""The verbs of merging: two members become one; a merge is undone within its window.

Merges of a tenant go one after the other. Each locks the members first, with all that were merged
into them, and reads after: whoever writes for a member holds them (`members.following`), so what is
written comes before the merge and moves with it, or after it and finds the survivor.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from random import uniform
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from shuke_core.assignments.events import MemberAssigned
from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import Row, current_tenant, fetch, fetch_one, savepoint
from shuke_core.members.doubles import dismiss_double
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.events import MemberAgeChanged
from shuke_core.members.identities import show_own_phones
from shuke_core.members.moving import move_holdings
from shuke_core.members.services import log_out
from shuke_core.merging.errors import (
    MembersCannotMerge,
    MergeCandidateUnknown,
    MergeCannotBeUndone,
    MergeUnknown,
)
from shuke_core.merging.events import MemberMerged, MemberUnmerged
from shuke_core.merging.moves import give_back_holdings
from shuke_core.merging.rules import (
    COLUMNS,
    LONGEST_REASON,
    FieldRule,
    given_back,
    settled,
)
from shuke_core.merging.window import undo_days
from shuke_core.tenants.keyring import member_keys

_LOCK = "member_merge"
_PROFILE = ", ".join(("id", "state", "merged_into_id", *COLUMNS))
_LOCKING = (
    f"SELECT {_PROFILE} FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
    "ORDER BY id FOR UPDATE"
)
_TRIES, _PAUSE_SECONDS = 100, 0.02
# An alias has the advisor and the store of who they are now: these decide who may see it.
_OF_SCOPE = ("advisor_id", "store_id")
_IDS = (*_OF_SCOPE, "avatar")


class _OneMoreCame(Exception):
    """Somebody was absorbed before the lock: what is locked is let go of, and all are locked anew."""


@dataclass(frozen=True, slots=True)
class _Merge:
    """A merge that can be undone, and its members, locked. `kept` is what they were before."""

    survivor_id: UUID
    absorbed_id: UUID
    kept: Mapping[str, Any]


async def merge_members(
    survivor_id: UUID,
    absorbed_id: UUID,
    choices: Mapping[str, FieldRule] | None = None,
    reason: str = "",
) -> UUID:
    """Merges a member into another; returns the merge's id.

    What the absorbed holds becomes the survivor's; their id goes on naming that member, and whoever
    was logged in as them is logged out. `choices` say of fields (`rules.FIELDS`) whose value stays.
    Ids of merged members name who they are now. Raises MemberUnknown and MembersCannotMerge.
    """
    await lock_until_commit(_LOCK)
    survivor, absorbed = await _lock_pair(survivor_id, absorbed_id)
    survivor_id, absorbed_id = survivor["id"], absorbed["id"]
    changes = settled(survivor, absorbed, choices or {})
    merge_id = await _record(survivor, absorbed, changes, reason)
    await _write(survivor_id, changes)
    await fetch(
        "UPDATE member m SET state = 'merged', merged_into_id = s.id, advisor_id = s.advisor_id, "
        "store_id = s.store_id FROM member s "
        "WHERE m.tenant_id = $1 AND m.id = $2 AND s.tenant_id = $1 AND s.id = $3",
        *(absorbed_id, survivor_id),
    )
    await log_out(absorbed_id)
    await move_holdings(merge_id, survivor_id, absorbed_id, noted=True)
    announce(MemberMerged(survivor_id, absorbed_id, merge_id))
    announce(MemberAgeChanged(survivor_id))  # a birthday, or a guardian's word, may have come along
    _tell_advisor(survivor_id, survivor, changes)
    await record(
        "member.merged",
        f"member:{survivor_id}",
        changes={"absorbed": (None, str(absorbed_id)), "fields": (None, sorted(changes))},
        member_id=survivor_id,
        reason=reason,
    )
    return merge_id


async def dismiss_candidate(candidate_id: UUID) -> None:
    """Says that the pair are two people: it is listed no more, also when it is found again.

    Nothing keeps whoever knows better from merging them. Raises MergeCandidateUnknown.
    """
    member_id = await dismiss_double(candidate_id)
    if member_id is None:
        raise MergeCandidateUnknown()
    await record(
        "merge_candidate.dismissed", f"merge_candidate:{candidate_id}", member_id=member_id
    )


async def undo_merge(merge_id: UUID, reason: str = "") -> UUID:
    """Takes a merge apart again; returns the id of the member who is one of their own again.

    At once it restores both as they were. What happened since stays with the survivor: fields that
    were changed, points that were spent. Raises MergeUnknown and MergeCannotBeUndone.
    """
    await lock_until_commit(_LOCK)
    merge = await _lock_merge(merge_id)
    survivor_id, absorbed_id = merge.survivor_id, merge.absorbed_id
    survivor = await _locked(survivor_id)
    changes = given_back(
        {column: _plain(survivor[column]) for column in COLUMNS},
        *(merge.kept["before"], merge.kept["after"]),
    )
    await _write(survivor_id, {column: _value(column, v) for column, v in changes.items()})
    await fetch(
        "UPDATE member SET state = $3, merged_into_id = NULL, advisor_id = $4, store_id = $5 "
        "WHERE tenant_id = $1 AND id = $2",
        *(absorbed_id, merge.kept["absorbed"]["state"]),
        *(_value(column, merge.kept["absorbed"][column]) for column in _OF_SCOPE),
    )
    await log_out(survivor_id)  # the other may have logged in as them meanwhile
    await give_back_holdings(merge_id, survivor_id, absorbed_id)
    await show_own_phones([survivor_id, absorbed_id])  # one may have been given up since
    await fetch(
        "UPDATE member_merge SET state = 'undone', undone_at = $3 WHERE tenant_id = $1 AND id = $2",
        *(merge_id, clock.now()),
    )
    announce(MemberUnmerged(survivor_id, absorbed_id, merge_id))
    # And has gone back: of who is no child after all it is computed anew.
    for each in (survivor_id, absorbed_id):
        announce(MemberAgeChanged(each))
    _tell_advisor(survivor_id, survivor, {c: _value(c, v) for c, v in changes.items()})
    await record(
        "member.unmerged",
        f"member:{survivor_id}",
        changes={"absorbed": (str(absorbed_id), None), "fields": (sorted(changes), None)},
        member_id=survivor_id,
        reason=reason,
    )
    return absorbed_id


async def _lock_pair(survivor_id: UUID, absorbed_id: UUID) -> tuple[Row, Row]:
    """The two as they are now, with all that were merged into them locked."""
    rows = await fetch(
        "SELECT m.id, coalesce(m.merged_into_id, m.id) AS now FROM member m "
        "WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[])",
        [survivor_id, absorbed_id],
    )
    now = {row["id"]: row["now"] for row in rows}
    if now.keys() < {survivor_id, absorbed_id}:
        raise MemberUnknown()
    one, other = now[survivor_id], now[absorbed_id]
    if one == other:
        raise MembersCannotMerge(why="they are one member already")
    found = {row["id"]: row for row in await _lock([one, other])}
    survivor, absorbed = found[one], found[other]
    if {survivor["state"], absorbed["state"]} - {"active", "visitor"}:
        raise MemberUnknown()
    if survivor["state"] == "visitor" and absorbed["state"] == "active":
        raise MembersCannotMerge(why="a member is not merged into a visitor, but the other way")
    return survivor, absorbed


async def _lock(member_ids: list[UUID]) -> list[Row]:
    """These members and all that were merged into them, locked. Of others' merges there are none
    meanwhile; a visitor may be absorbed by one of them before that one is locked, and is then locked too.

    Writers hold whom they name, and then who that is now, in no order that could be kept: so this
    waits for one of them at a time, and holds none while it does.
    """
    wanted = await _with_aliases(member_ids)
    for nth in range(_TRIES):
        with suppress(asyncpg.LockNotAvailableError, _OneMoreCame):
            async with savepoint():
                await fetch(_LOCKING, [wanted[nth % len(wanted)]])
                rows = await fetch(f"{_LOCKING} NOWAIT", wanted)
                known, wanted = wanted, await _with_aliases(member_ids)
                if wanted != known:
                    raise _OneMoreCame
                return rows
        await asyncio.sleep(uniform(0, _PAUSE_SECONDS))  # noqa: S311
    return await fetch(_LOCKING, await _with_aliases(member_ids))


async def _with_aliases(member_ids: list[UUID]) -> list[UUID]:
    aliases = await fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND merged_into_id = ANY ($2::uuid[])",
        member_ids,
    )
    return sorted([*member_ids, *(row["id"] for row in aliases)])


async def _locked(member_id: UUID) -> Row:
    row = await fetch_one(
        f"SELECT {_PROFILE} FROM member WHERE tenant_id = $1 AND id = $2", member_id
    )
    assert row is not None  # noqa: S101 (it is locked)
    return row


async def _record(survivor: Row, absorbed: Row, changes: Mapping[str, Any], reason: str) -> UUID:
    keys = (await member_keys({survivor["id"]})).get(survivor["id"])
    if keys is None:
        raise MemberUnknown()
    merge_id, now, actor = new_id(), clock.now(), current_actor()
    kept = {
        "before": {column: survivor[column] for column in changes},
        "after": changes,
        "absorbed": {column: absorbed[column] for column in ("state", *_OF_SCOPE)},
    }
    place = Place(current_tenant(), "member_merge", merge_id, "kept")
    await fetch(
        "INSERT INTO member_merge (tenant_id, id, survivor_id, absorbed_id, state, by_id, reason, "
        "changed, kept, merged_at, undo_until) "
        "VALUES ($1, $2, $3, $4, 'done', $5, $6, $7::jsonb, $8, $9, $10)",
        *(merge_id, survivor["id"], absorbed["id"]),
        *(actor.id if actor.kind == "staff" else None, without_people(reason)[:LONGEST_REASON]),
        *(
            orjson.dumps(sorted(changes)).decode(),
            seal(keys.own, orjson.dumps(kept, default=str), place),
        ),
        *(now, now + timedelta(days=await undo_days())),
    )
    return merge_id


async def _lock_merge(merge_id: UUID) -> _Merge:
    """The merge, if it can be undone; raises MergeUnknown and MergeCannotBeUndone."""
    row = await fetch_one(
        "SELECT id, survivor_id, absorbed_id, state, changed, kept, undo_until FROM member_merge "
        "WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        merge_id,
    )
    if row is None:
        raise MergeUnknown()
    if row["state"] == "undone":
        raise MergeCannotBeUndone(why="it is undone already")
    if row["undo_until"] <= clock.now():
        raise MergeCannotBeUndone(why="its time is over")
    found = {each["id"]: each for each in await _lock([row["survivor_id"], row["absorbed_id"]])}
    state = found[row["survivor_id"]]["state"]
    if state == "merged":
        raise MergeCannotBeUndone(why="the member was merged once more: undo that first")
    keys = (await member_keys({row["survivor_id"]})).get(row["survivor_id"])
    if state == "erased" or keys is None:
        raise MergeCannotBeUndone(why="the member was erased")
    changed = frozenset(_listed(row["changed"]))
    await _refuse_if_written_over(merge_id, row["survivor_id"], changed)
    place = Place(current_tenant(), "member_merge", merge_id, "kept")
    kept = orjson.loads(keys.open(row["kept"], place))
    return _Merge(row["survivor_id"], row["absorbed_id"], kept)


async def _refuse_if_written_over(
    merge_id: UUID, survivor_id: UUID, changed: frozenset[str]
) -> None:
    """What a later merge replaced it would give back one day, when it is nobody's here any more."""
    rows = await fetch(
        "SELECT changed FROM member_merge WHERE tenant_id = $1 AND survivor_id = $2 "
        "AND state = 'done' AND id > $3",
        *(survivor_id, merge_id),
    )
    if any(changed & set(_listed(row["changed"])) for row in rows):
        raise MergeCannotBeUndone(why="a later one changed the same fields: undo that first")


async def _write(member_id: UUID, changes: Mapping[str, Any]) -> None:
    """Changes the profile, which counts as an edit."""
    if changes:
        columns = "".join(f"{column} = ${nth}, " for nth, column in enumerate(changes, start=3))
        await fetch(
            f"UPDATE member SET {columns}version = version + 1 WHERE tenant_id = $1 AND id = $2",
            *(member_id, *changes.values()),
        )


def _tell_advisor(member_id: UUID, before: Row, changes: Mapping[str, Any]) -> None:
    if "advisor_id" in changes:
        announce(MemberAssigned(member_id, changes["advisor_id"], before["advisor_id"]))


def _listed(value: Any) -> list[str]:
    """A JSON column as the driver hands it over."""
    listed: list[str] = orjson.loads(value) if isinstance(value, str | bytes) else value
    return listed


def _plain(value: Any) -> Any:
    """A value as `kept` has it: JSON."""
    return orjson.loads(orjson.dumps(value, default=str))


def _value(column: str, plain: Any) -> Any:
    """And as the column has it."""
    if plain is None:
        return None
    if column == "birthday":
        return date.fromisoformat(plain)
    return UUID(plain) if column in _IDS else plain
