"""Mutations of the staff API about notes."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_NOTE
from shuke_core.access.rights import FieldClass
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.queries import member_of_id
from shuke_core.notes.errors import NoteUnknown
from shuke_core.notes.queries import note_of_id
from shuke_core.notes.services import add_note, remove_note
from shuke_schema.context import id_of
from shuke_schema.members.types import Member
from shuke_schema.notes.types import MemberNote
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why a note was not written, or not taken back.")
class NoteErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    NOTE_TEXT_INVALID = "NOTE_TEXT_INVALID"
    NOTE_UNKNOWN = "NOTE_UNKNOWN"
    NOTE_OF_ANOTHER = "NOTE_OF_ANOTHER"


@strawberry.type(description="Why a note was not written, or not taken back.")
class NoteError(Failure[NoteErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class NotePayload:
    note: MemberNote | None = None
    errors: list[NoteError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class NoteRemovedPayload:
    member: Member | None = strawberry.field(default=None, description="Whose note it was.")
    errors: list[NoteError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    NoteError,
    NoteErrorCode,
    {
        "MEMBER_UNKNOWN": "memberId",
        "NOTE_TEXT_INVALID": "text",
        "NOTE_UNKNOWN": "id",
        "NOTE_OF_ANOTHER": "id",
    },
)


@strawberry.type
class NotesMutation:
    @strawberry.mutation(
        description="Writes a note on a member. It never changes, and carries who and when.",
        metadata=asks(Audience.STAFF, MEMBERS_NOTE),
    )
    async def add_note(self, member_id: strawberry.ID, text: str) -> NotePayload:
        async def act() -> UUID:
            found = id_of(member_id)
            if found is None:
                raise MemberUnknown()
            return await add_note(found, text)

        written, errors = await _FAILURES.attempt(act)
        note = answered_by(note_of_id(written)) if written else None
        return NotePayload(note=note, errors=errors)

    @strawberry.mutation(
        description="Takes back a note that you wrote yourself.",
        metadata=asks(Audience.STAFF, MEMBERS_NOTE),
    )
    async def remove_note(self, id: strawberry.ID) -> NoteRemovedPayload:
        async def act() -> UUID:
            note_id = id_of(id)
            if note_id is None:
                raise NoteUnknown()
            return await remove_note(note_id)

        whose, errors = await _FAILURES.attempt(act)
        member = answered_by(member_of_id(whose)) if whose else None
        return NoteRemovedPayload(member=member, errors=errors)
