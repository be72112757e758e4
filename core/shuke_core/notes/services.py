"""The verbs of notes: write one, take one's own back."""

from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.following import lock_member
from shuke_core.members.texts import clean_lines, seal_text
from shuke_core.notes.errors import NoteOfAnother, NoteTextInvalid, NoteUnknown

LONGEST_NOTE = 2_000


async def add_note(member_id: UUID, text: str) -> UUID:
    """Writes a note on the member, as the actor; returns its id. Raises NoteTextInvalid,
    MemberUnknown."""
    try:
        clean = clean_lines(text, longest=LONGEST_NOTE)
    except Unclean:
        clean = None
    if clean is None:
        raise NoteTextInvalid(longest=LONGEST_NOTE)
    # Held, so that nobody is merged or erased while a note is sealed under their key.
    member_id = await lock_member(member_id, "KEY SHARE", visitors=False)
    note_id, actor = new_id(), current_actor()
    await fetch(
        "INSERT INTO member_note (tenant_id, id, member_id, sealed, actor_id, actor_name, written_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(note_id, member_id, await seal_text(clean, "member_note", note_id, "sealed", member_id)),
        *(actor.id, actor.name, clock.now()),
    )
    await record("note.written", f"note:{note_id}", member_id=member_id)
    return note_id


async def remove_note(note_id: UUID) -> UUID:
    """Takes back a note that the actor wrote; returns whose it was. Raises NoteUnknown,
    NoteOfAnother."""
    row = await fetch_one(
        "SELECT member_id, actor_id FROM member_note WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        note_id,
    )
    if row is None:
        raise NoteUnknown()
    if row["actor_id"] != current_actor().id:
        raise NoteOfAnother()
    await fetch("DELETE FROM member_note WHERE tenant_id = $1 AND id = $2", note_id)
    member_id: UUID = row["member_id"]
    await record("note.removed", f"note:{note_id}", member_id=member_id)
    return member_id
