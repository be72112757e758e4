"""GraphQL types of notes (备注)."""

from datetime import datetime

import strawberry

from shuke_core.access.permissions import MEMBERS_NOTE
from shuke_core.access.rights import FieldClass
from shuke_core.notes.queries import MemberNote as NoteRow
from shuke_schema.members.texts import opened
from shuke_schema.pagination import Connection
from shuke_schema.projection.fields import projected
from shuke_schema.rights import needs, shown_as, shows


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A note of staff on a member; it never changes.")
class MemberNote:
    id: strawberry.ID
    by: str = strawberry.field(description="Who wrote it.")
    written_at: datetime

    @strawberry.field(
        description="Null where the member has been erased.",
        metadata=shown_as(FieldClass.CONTACT),
    )
    async def text(self, parent: strawberry.Parent[NoteRow]) -> str | None:
        row = parent
        member_id: str = row.member_id  # type: ignore[attr-defined]
        sealed: str = row.sealed  # type: ignore[attr-defined]
        return await opened("member_note", row.id, "sealed", member_id, sealed)


@strawberry.type
class NotesOfMember:
    @projected(
        description="What staff have written down, newest first.", metadata=needs(MEMBERS_NOTE)
    )
    def notes(self, first: int = 20, after: str | None = None) -> Connection[MemberNote]: ...
