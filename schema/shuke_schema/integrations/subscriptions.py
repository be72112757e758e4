"""Root fields of the staff API that tell how syncs go, and what they leave in quarantine."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import INTEGRATIONS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.integrations.events import TicketQuarantined
from shuke_core.integrations.live import QUARANTINE, SYNCS
from shuke_core.integrations.queries import IntegrationRow, all_integrations
from shuke_core.live.topics import Item
from shuke_schema.context import opaque
from shuke_schema.integrations.types import Integration
from shuke_schema.live.updates import Feed, Update, everybody, of_topic
from shuke_schema.parts import Audience
from shuke_schema.rights import asks, shows


async def _integration(feed: Feed, item: Item) -> Integration | None:
    """The integration that an item is about; read once for all that are told together."""
    rows: dict[UUID, IntegrationRow] | None = feed.read.get("integrations")
    if rows is None:
        rows = feed.read["integrations"] = {row.id: row for row in await all_integrations()}
    row = rows.get(UUID(item.key))
    return Integration.of(row) if row else None


@strawberry.enum(description="What happened to a message.")
class SyncKind(Enum):
    TAKEN = strawberry.enum_value("message.taken", description="It lies in the inbox.")
    DONE = strawberry.enum_value("message.done", description="The worker is through with it.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A message of an integration was taken in, or worked off.")
class SyncChange:
    kind: SyncKind
    message_id: strawberry.ID
    at: datetime
    tickets: int = strawberry.field(description="How many tickets it holds.")
    accepted: int = strawberry.field(description="Tickets that went in; 0 until it is done.")
    known: int = strawberry.field(description="Tickets that had come before.")
    quarantined: int
    item: strawberry.Private[Item]
    feed: strawberry.Private[Feed]

    @strawberry.field(description="Where it came from.")
    async def integration(self) -> Integration | None:
        return await _integration(self.feed, self.item)

    @classmethod
    def of(cls, item: Item, feed: Feed) -> "SyncChange":
        facts = item.facts
        accepted, known, quarantined = (
            facts.get(name, 0) for name in ("accepted", "known", "quarantined")
        )
        return cls(
            kind=SyncKind(item.type),
            message_id=opaque(UUID(facts["message_id"])),
            at=datetime.fromisoformat(item.recorded_at),
            tickets=facts.get("tickets", accepted + known + quarantined),
            accepted=accepted,
            known=known,
            quarantined=quarantined,
            item=item,
            feed=feed,
        )


@strawberry.enum(description="What happened to a ticket in quarantine.")
class QuarantineKind(Enum):
    QUARANTINED = strawberry.enum_value("quarantined", description="It waits for a fix.")
    REPLAYED = strawberry.enum_value("replayed", description="It went in after all.")
    DISCARDED = strawberry.enum_value("discarded", description="It was given up.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A ticket went into quarantine, or waits there no longer.")
class QuarantineChange:
    kind: QuarantineKind
    ticket_id: strawberry.ID
    at: datetime
    field: str | None = strawberry.field(description="Where it was wrong, when it came.")
    code: str | None = strawberry.field(description="What was wrong, when it came.")
    item: strawberry.Private[Item]
    feed: strawberry.Private[Feed]

    @strawberry.field(description="Where it came from.")
    async def integration(self) -> Integration | None:
        return await _integration(self.feed, self.item)

    @classmethod
    def of(cls, item: Item, feed: Feed) -> "QuarantineChange":
        facts = item.facts
        is_new = item.type == TicketQuarantined.type
        return cls(
            kind=QuarantineKind("quarantined" if is_new else facts["outcome"]),
            ticket_id=opaque(UUID(facts["ticket_id"])),
            at=datetime.fromisoformat(item.recorded_at),
            field=facts.get("field"),
            code=facts.get("reason"),
            item=item,
            feed=feed,
        )


@strawberry.type
class IntegrationsSubscription:
    @strawberry.subscription(
        description="Messages of all integrations, as they are taken in and worked off.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_READ) | of_topic(SYNCS, everybody),
    )
    async def syncs_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[SyncChange], None]:
        async for told in feed:
            change = SyncChange.of(told.item, feed) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)

    @strawberry.subscription(
        description="Tickets that go into quarantine, and those that leave it.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_READ) | of_topic(QUARANTINE, everybody),
    )
    async def quarantine_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[QuarantineChange], None]:
        async for told in feed:
            change = QuarantineChange.of(told.item, feed) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)
