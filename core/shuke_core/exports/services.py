"""The verbs of exports: ask for one, revoke it, make a link, take what is behind a link."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from shuke_core.access.permissions import EXPORTS_REQUEST
from shuke_core.access.rights import Rights
from shuke_core.audit.actors import Actor, act_as, current_actor
from shuke_core.audit.services import record
from shuke_core.disclosure.limits import disclosure_limits
from shuke_core.events.outbox import announce
from shuke_core.exports.asked import Asked
from shuke_core.exports.errors import (
    ExportLinkInvalid,
    ExportNotPermitted,
    ExportNotReady,
    ExportReasonMissing,
    ExportsTooMany,
    ExportTooLarge,
    ExportUnknown,
)
from shuke_core.exports.events import ExportChanged
from shuke_core.files.services import FileCard, delete_file, file_card
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.crypto import token_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import fetch, fetch_one, fetch_value
from shuke_core.staff.addressees import route_to_person
from shuke_core.staff.leaving import when_somebody_leaves
from shuke_core.staff.standing import Standing, standing_of
from shuke_core.stepup.operations import Arguments, demands_step_up
from shuke_core.worker.wake import wake_after_commit

TOPIC = "exports"
LINK_LIFE = timedelta(minutes=5)
MOST_WAITING = 3  # exports of one person that are not written yet
LONGEST_REASON = 200
_TOKEN_BYTES = 32


async def _me() -> Standing:
    """Who acts, with the rights they have now; raises ExportNotPermitted for who is no staff."""
    actor = current_actor()
    me = await standing_of(actor.id) if actor.kind == "staff" else None
    if me is None:
        raise ExportNotPermitted(what="An export", needed="to be one of the staff")
    return me


async def _measured(given: Arguments) -> int:
    """How many rows it has, as the actor sees them; one more than an export may have at most."""
    asked = Asked.of(given["kind"], given["columns"], given["filters"])
    within = asked.check((await _me()).rights)
    return await asked.count(within, (await disclosure_limits()).rows)


async def _described(given: Arguments) -> str:
    asked = Asked.of(given["kind"], given["columns"], given["filters"])
    chosen = ", ".join(f"{key}={value}" for key, value in asked.shown_filters.items())
    return f"{asked.kind.key}: {', '.join(given['columns'])} [{chosen}]"


@demands_step_up(
    "exports.request",
    {"zh": "导出数据", "en": "Export data"},
    EXPORTS_REQUEST,
    describe=_described,
    measure=_measured,
)
async def _request_masked(
    kind: str, columns: list[str], filters: Mapping[str, Any], reason: str
) -> UUID:
    return await _enter(Asked.of(kind, columns, filters), reason)


@demands_step_up(
    "exports.reveal",
    {"zh": "批量导出明文联系方式", "en": "Export contacts in the clear"},
    EXPORTS_REQUEST,
    describe=_described,
    measure=_measured,
)
async def _request_revealing(
    kind: str, columns: list[str], filters: Mapping[str, Any], reason: str
) -> UUID:
    return await _enter(Asked.of(kind, columns, filters), reason)


async def request_export(
    grant: UUID | None, kind: str, columns: list[str], filters: Mapping[str, Any], reason: str
) -> UUID:
    """Asks for an export, as the actor of the unit; it is written by the worker. Its id.

    With plain personal data in it, it is the operation `exports.reveal`, else `exports.request`: a
    tenant may set a limit for each. Raises StepUpRequired, ApprovalRequired, and ExportKindUnknown,
    ExportColumnsInvalid, ExportFiltersInvalid, ExportNotPermitted, ExportReasonMissing,
    ExportTooLarge, ExportsTooMany.
    """
    asked = Asked.of(kind, columns, filters)
    asked.check((await _me()).rights)
    request = _request_revealing if asked.reveals else _request_masked
    return await request(grant, kind, columns, filters, reason)


async def _enter(asked: Asked, reason: str) -> UUID:
    me, purpose, most = await _me(), _purpose(reason), (await disclosure_limits()).rows
    if await asked.count(asked.check(me.rights), most) > most:
        raise ExportTooLarge(most=most)
    await lock_until_commit(f"exports of {me.id}")
    waiting = await fetch_value(
        "SELECT count(*) FROM export WHERE tenant_id = $1 AND staff_id = $2 AND state = 'waiting'",
        me.id,
    )
    if waiting >= MOST_WAITING:
        raise ExportsTooMany(most=MOST_WAITING)
    export_id, columns = new_id(), [column.key for column in asked.columns]
    await fetch(
        "INSERT INTO export (tenant_id, id, staff_id, kind, columns, filters, purpose, state, "
        "attempt, due_at, reason, rows, downloads, requested_at) VALUES ($1, $2, $3, $4, "
        "$5::text::jsonb, $6::text::jsonb, $7, 'waiting', 0, now(), '', 0, 0, $8)",
        *(export_id, me.id, asked.kind.key, orjson.dumps(columns).decode()),
        *(orjson.dumps(dict(asked.filters)).decode(), purpose, clock.now()),
    )
    await record(
        "export.requested",
        f"export:{export_id}",
        changes={
            "kind": (None, asked.kind.key),
            "columns": (None, columns),
            "filters": (None, asked.shown_filters),
        },
        reason=purpose,
    )
    tell(export_id, me.id, "requested")
    wake_after_commit(TOPIC)
    return export_id


def _purpose(reason: str) -> str:
    """Why it is exported, in words that stay in the audit: numbers of people are hidden."""
    try:
        clean = clean_text(reason, longest=LONGEST_REASON)
    except Unclean:
        clean = None
    if clean is None:
        raise ExportReasonMissing(longest=LONGEST_REASON)
    return without_people(clean)[:LONGEST_REASON]


def tell(export_id: UUID, staff_id: UUID, change: str) -> None:
    """Announces what has become of an export, to whoever asked for it."""
    announce(ExportChanged(export_id, route_to_person(staff_id), change))


async def revoke_export(export_id: UUID, *, anybodys: bool = False) -> None:
    """Ends an export and deletes what was written of it; links to it end as well.

    Raises ExportUnknown for one that is over, and for another person's unless `anybodys`.
    """
    row = await fetch_one(
        "SELECT staff_id, state, file_id FROM export WHERE tenant_id = $1 AND id = $2 "
        "AND state IN ('waiting', 'ready') FOR UPDATE",
        export_id,
    )
    if row is None or not (anybodys or row["staff_id"] == current_actor().id):
        raise ExportUnknown()
    await end_export(export_id, row["file_id"], "revoked")
    await record(
        "export.revoked", f"export:{export_id}", changes={"state": (row["state"], "revoked")}
    )
    tell(export_id, row["staff_id"], "revoked")


async def _revoke_all(staff_id: UUID, _: UUID | None) -> None:
    """Whoever leaves leaves no export behind: it is as they saw it, and nobody else's."""
    rows = await fetch(
        "SELECT id, file_id FROM export WHERE tenant_id = $1 AND staff_id = $2 "
        "AND state IN ('waiting', 'ready') ORDER BY id FOR UPDATE",
        staff_id,
    )
    for row in rows:
        await end_export(row["id"], row["file_id"], "revoked")
        tell(row["id"], staff_id, "revoked")


when_somebody_leaves(_revoke_all)


async def revoke_written() -> int:
    """Ends every export of which something is written: it holds people who are being erased. What
    was not begun will not find them. Returns how many."""
    rows = await fetch(
        "SELECT id, staff_id, file_id FROM export WHERE tenant_id = $1 "
        "AND state IN ('waiting', 'ready') ORDER BY id FOR UPDATE"
    )
    # Those without a file are waited for as well: their first batch may be being written.
    written = [row for row in rows if row["file_id"] is not None]
    for row in written:
        await end_export(row["id"], row["file_id"], "revoked")
        tell(row["id"], row["staff_id"], "revoked")
    return len(written)


async def end_export(export_id: UUID, file_id: UUID | None, state: str, reason: str = "") -> None:
    """Puts an export, whose row is held, into a last state and deletes its file."""
    await fetch(
        "UPDATE export SET state = $3, reason = $4, file_id = NULL, lease = NULL "
        "WHERE tenant_id = $1 AND id = $2",
        *(export_id, state, reason),
    )
    if file_id is not None:
        await delete_file(file_id)


@dataclass(frozen=True, slots=True)
class Link:
    """A link's token, told this once, and until when it is good."""

    token: str
    expires_at: datetime


async def make_link(export_id: UUID) -> Link:
    """A link to fetch the actor's own export by, once. Only the token's hash is kept.

    Raises ExportUnknown, also for another person's, ExportNotReady, ExportNotPermitted for who may
    not see any more what is in it.
    """
    me, now = await _me(), clock.now()
    row = await fetch_one(
        "SELECT kind, columns::text AS columns, filters::text AS filters, state, expires_at "
        "FROM export WHERE tenant_id = $1 AND id = $2 AND staff_id = $3",
        *(export_id, me.id),
    )
    if row is None:
        raise ExportUnknown()
    if row["state"] != "ready" or row["expires_at"] <= now:
        raise ExportNotReady(state="expired" if row["state"] == "ready" else row["state"])
    asked_in(row).check(me.rights)
    link = Link(secrets.token_urlsafe(_TOKEN_BYTES), min(now + LINK_LIFE, row["expires_at"]))
    await fetch(
        "INSERT INTO export_link (tenant_id, id, export_id, digest, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        *(new_id(), export_id, token_digest(link.token), now, link.expires_at),
    )
    await record("export.link_made", f"export:{export_id}")
    return link


def asked_in(row: Mapping[str, Any]) -> Asked:
    """What the row of an export asks for; raises as `Asked.of` where it is not declared any more."""
    return Asked.of(row["kind"], orjson.loads(row["columns"]), orjson.loads(row["filters"]))


async def take_link(token: str, source: str, agent: str) -> FileCard:
    """Uses the link up; the file behind it. Whoever has a link has it from who asked for the export:
    what is in it must still be theirs to see.

    The update's condition decides: of many who use one link at once the first has it, the others
    wait for the row and find it used. Raises ExportLinkInvalid for each other case alike.
    """
    now = clock.now()
    row = await fetch_one(
        "UPDATE export_link SET used_at = $3 WHERE tenant_id = $1 AND digest = $2 "
        "AND used_at IS NULL AND expires_at > $3 RETURNING export_id",
        *(token_digest(token), now),
    )
    found = row and await fetch_one(
        "UPDATE export SET downloads = downloads + 1 WHERE tenant_id = $1 AND id = $2 "
        "AND state = 'ready' AND expires_at > $3 RETURNING id, staff_id, kind, "
        "columns::text AS columns, filters::text AS filters, rows, file_id, downloads",
        *(row["export_id"], now),
    )
    asker = await standing_of(found["staff_id"]) if found else None
    if not found or asker is None or not _may(asked_in(found), asker.rights):
        raise ExportLinkInvalid()
    act_as(Actor("staff", asker.id, asker.name, source, agent))
    nth, rows = found["downloads"], found["rows"]
    await record(
        "export.downloaded",
        f"export:{found['id']}",
        changes={"downloads": (nth - 1, nth), "rows": (None, rows)},
    )
    return await file_card(found["file_id"])


def _may(asked: Asked, rights: Rights) -> bool:
    try:
        asked.check(rights)
    except ExportNotPermitted:
        return False
    return True
