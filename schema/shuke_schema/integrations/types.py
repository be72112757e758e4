"""GraphQL types of integrations (对接)."""

from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass
from shuke_core.integrations.quarantine import WaitingTicket
from shuke_core.integrations.queries import (
    IntegrationRow,
    MessageRow,
    Progress,
    messages_before,
    progress_of,
    waiting_after,
)
from shuke_core.integrations.rule_fields import TICKET
from shuke_core.kit.pagination import Keys
from shuke_core.rules.queries import filter_of
from shuke_schema.context import ShukeInfo, opaque
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.rights import shows


@strawberry.enum(description="How far a message has come.")
class InboxState(Enum):
    PENDING = strawberry.enum_value("pending", description="It waits for the worker.")
    DONE = strawberry.enum_value("done", description="Its tickets are in, or in quarantine.")
    DEAD = strawberry.enum_value("dead", description="It failed too often; somebody must look.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How far the messages of an integration have come.")
class IntegrationProgress:
    received: int = strawberry.field(description="Messages so far.")
    pending: int
    dead: int
    accepted: int = strawberry.field(description="Tickets that went in.")
    known: int = strawberry.field(description="Tickets that had come before.")
    quarantined: int
    events_behind: int = strawberry.field(description="Of the whole tenant.")

    @classmethod
    def of(cls, found: Progress) -> "IntegrationProgress":
        return cls(
            received=found.received,
            pending=found.pending,
            dead=found.dead,
            accepted=found.accepted,
            known=found.known,
            quarantined=found.quarantined,
            events_behind=found.events_behind,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A message as it came; what it says is sealed.")
class InboxMessage:
    id: strawberry.ID
    message_id: str = strawberry.field(description="The sender's.")
    state: InboxState
    attempt: int = strawberry.field(description="How often it has failed.")
    received_at: datetime
    done_at: datetime | None
    accepted: int
    known: int
    quarantined: int
    reason: str | None = strawberry.field(description="Why it failed last.")

    @classmethod
    def of(cls, row: MessageRow) -> "InboxMessage":
        return cls(
            id=opaque(row.id),
            message_id=row.message_id,
            state=InboxState(row.state),
            attempt=row.attempt,
            received_at=row.received_at,
            done_at=row.done_at,
            accepted=row.accepted,
            known=row.known,
            quarantined=row.quarantined,
            reason=row.reason,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A ticket that could not be cleaned and waits for a fix.")
class QuarantinedTicket:
    id: strawberry.ID
    message_id: str = strawberry.field(description="The message it came in, by the sender's id.")
    row_no: int = strawberry.field(description="Its place in the message, from 1.")
    field: str = strawberry.field(description="What is wrong, as JSON path: `lines[2].amount`.")
    code: str
    found: str = strawberry.field(description="What stood there, its numbers masked.")
    kind: str = strawberry.field(description="What it is: ticket, or item of the catalogue.")
    quarantined_at: datetime

    @classmethod
    def of(cls, row: WaitingTicket) -> "QuarantinedTicket":
        return cls(
            id=opaque(row.id),
            message_id=row.message_id,
            row_no=row.row_no,
            field=row.field,
            code=row.code,
            found=row.found,
            kind=row.kind,
            quarantined_at=row.quarantined_at,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A link to an outside system, such as a till (对接).")
class Integration:
    integration_id: strawberry.Private[UUID]
    key: str = strawberry.field(description="The last part of the address it sends to.")
    kind: str
    state: str
    created_at: datetime

    @classmethod
    def of(cls, row: IntegrationRow) -> "Integration":
        return cls(
            integration_id=row.id,
            key=row.key,
            kind=row.kind,
            state=row.state,
            created_at=row.created_at,
        )

    @strawberry.field(description="How far its messages have come.")
    async def progress(self) -> IntegrationProgress:
        return IntegrationProgress.of(await progress_of(self.integration_id))

    @strawberry.field(description="Its messages, newest first.")
    async def inbox(
        self, state: InboxState | None = None, first: int = 20, after: str | None = None
    ) -> Connection[InboxMessage]:
        async def read(before: Keys | None, limit: int) -> list[MessageRow]:
            wanted = str(state.value) if state else None
            return await messages_before(self.integration_id, wanted, before, limit)

        return await connection_of(
            "integration.inbox",
            first,
            after,
            read,
            lambda row: (row.received_at, row.id),
            InboxMessage.of,
        )

    @strawberry.field(
        description="Its tickets in quarantine, oldest first. `where` is a document of the rule language "
        "about tickets: those for which it holds."
    )
    async def quarantine(
        self,
        info: ShukeInfo,
        where: JSON | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[QuarantinedTicket]:
        fits = None
        if where is not None:
            fits = await filter_of(TICKET, info.context.rights, document=where)

        async def read(before: Keys | None, limit: int) -> list[WaitingTicket]:
            last = before[1] if before else None
            return await waiting_after(self.integration_id, last, limit, fits)

        return await connection_of(
            "integration.quarantine",
            first,
            after,
            read,
            lambda row: (row.quarantined_at, row.id),
            QuarantinedTicket.of,
        )
