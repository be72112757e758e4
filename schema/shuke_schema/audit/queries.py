"""Root fields of the staff API about the audit."""

from collections.abc import Mapping
from uuid import UUID

import strawberry

from shuke_core.access.permissions import AUDIT_READ
from shuke_core.audit.queries import EntryRow, Search, acts_before, opened_entries
from shuke_core.audit.sealed import Told
from shuke_core.kit.pagination import Keys
from shuke_schema.audit.types import AuditEntry
from shuke_schema.context import id_of
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.parts import Audience
from shuke_schema.rights import asks

_NOBODY = UUID(int=0)


@strawberry.type
class AuditQuery:
    @strawberry.field(
        description="What was done here, newest first; narrowed by act, subject, actor or member. Acts "
        "about a member are found by what else they were done to together with `memberId`.",
        metadata=asks(Audience.STAFF, AUDIT_READ),
    )
    async def audit_entries(
        self,
        act: str | None = None,
        subject: str | None = None,
        actor_id: strawberry.ID | None = None,
        member_id: strawberry.ID | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[AuditEntry]:
        search = Search(
            act,
            subject,
            (id_of(actor_id) or _NOBODY) if actor_id else None,
            (id_of(member_id) or _NOBODY) if member_id else None,
        )
        told: Mapping[UUID, Told] = {}

        async def read(before: Keys | None, limit: int) -> list[EntryRow]:
            nonlocal told
            rows = await acts_before(search, before, limit)
            told = await opened_entries(rows)
            return rows

        return await connection_of(
            "audit.entries",
            first,
            after,
            read,
            lambda row: (row.recorded_at, row.id),
            lambda row: AuditEntry.of(row, told[row.id]),
        )
