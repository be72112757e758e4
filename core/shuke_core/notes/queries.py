"""Reads of notes: what the API shows of them, and where it comes from."""

from datetime import datetime
from uuid import UUID

from shuke_core.members.queries import Member
from shuke_core.projection.declare import ID, Page, Projection, column, pages, python
from shuke_core.projection.reads import Read


class MemberNote(Projection, table="member_note"):
    """A note of staff on a member."""

    id: ID
    text: str | None = python("id", "member_id", "sealed")
    by: str = column("actor_name")
    written_at: datetime


class NotesOfMember(Projection, joins=Member):
    """A member's notes."""

    notes: Page[MemberNote] = pages("this.member_id = parent.id", newest="written_at")


def note_of_id(note_id: UUID) -> Read:
    """A note."""
    return Read.one(MemberNote, "this.id = :id", given={"id": note_id})
