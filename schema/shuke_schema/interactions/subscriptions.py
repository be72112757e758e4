"""Root fields of the staff API that tell of interactions to whoever is to see them first."""

from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

import strawberry

from shuke_core.access.permissions import INTERACTIONS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.interactions.live import INTERACTIONS
from shuke_core.interactions.queries import interaction_of_id
from shuke_core.interactions.rules import Kind
from shuke_core.live.topics import Item
from shuke_schema.context import opaque
from shuke_schema.interactions.types import Interaction
from shuke_schema.live.updates import Feed, Update, of_topic, own_route, route_of_role
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member said or did something.")
class InteractionChange:
    kind: Kind
    interaction_id: strawberry.ID
    at: datetime
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The interaction as it is by now.")
    async def interaction(self) -> Interaction | None:
        return answered_by(interaction_of_id(self.row_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "InteractionChange":
        facts = item.facts
        interaction_id = UUID(facts["interaction_id"])
        return cls(
            kind=Kind(facts["kind"]),
            interaction_id=opaque(interaction_id),
            at=datetime.fromisoformat(item.recorded_at),
            row_id=interaction_id,
        )


async def interaction_changes(feed: Feed) -> AsyncGenerator[Update[InteractionChange], None]:
    """The updates of a feed of interactions."""
    async for told in feed:
        change = InteractionChange.of(told.item) if told.item else None
        yield Update(cursor=told.cursor, gap=told.gap, change=change)


@strawberry.type
class InteractionsSubscription:
    @strawberry.subscription(
        description="What members say whom you look after.",
        metadata=asks(Audience.STAFF, INTERACTIONS_READ) | of_topic(INTERACTIONS, own_route),
    )
    async def my_interactions_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[InteractionChange], None]:
        async for update in interaction_changes(feed):
            yield update

    @strawberry.subscription(
        description="What members say whom nobody looks after, where it goes to your role.",
        metadata=asks(Audience.STAFF, INTERACTIONS_READ) | of_topic(INTERACTIONS, route_of_role),
    )
    async def role_interactions_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[InteractionChange], None]:
        async for update in interaction_changes(feed):
            yield update
