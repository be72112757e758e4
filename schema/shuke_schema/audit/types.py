"""GraphQL types of the audit."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass
from shuke_core.audit.queries import EntryRow
from shuke_core.audit.sealed import Told
from shuke_schema.context import opaque
from shuke_schema.rights import shown_as, shows


@strawberry.enum(description="Who acted.")
class ActorKind(Enum):
    STAFF = "staff"
    KEY = "key"
    SYSTEM = "system"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An act of staff, of a key or of the system; it never changes.")
class AuditEntry:
    id: strawberry.ID
    position: int | None = strawberry.field(
        description="Its place in the chain; null for the moment until it is sealed."
    )
    actor_kind: ActorKind
    actor_name: str
    source: str = strawberry.field(
        description="Where the actor came from.", metadata=shown_as(FieldClass.SENSITIVE)
    )
    act: str = strawberry.field(description="Dotted words, such as member.renamed.")
    subject: str = strawberry.field(
        description="What it was done to, such as plugin:retail; only the kind where the member it is "
        "about was erased."
    )
    reason: str = strawberry.field(description="Empty where the member was erased.")
    changes: JSON | None = strawberry.field(
        description="Field to [before, after]; null where nothing changed or a member was erased.",
        metadata=shown_as(FieldClass.SENSITIVE),
    )
    is_damaged: bool = strawberry.field(
        description="What is sealed of it does not open, although its key is there: it was changed "
        "behind Shuke's back. `shuke audit verify` tells where the chain breaks."
    )
    recorded_at: datetime

    @classmethod
    def of(cls, row: EntryRow, told: Told) -> "AuditEntry":
        return cls(
            id=opaque(row.id),
            position=row.position,
            actor_kind=ActorKind(row.actor_kind),
            actor_name=row.actor_name,
            source=row.source,
            act=row.act,
            subject=told.subject,
            reason=told.reason,
            changes=None if told.changes is None else JSON(told.changes),
            is_damaged=told.is_damaged,
            recorded_at=row.recorded_at,
        )
