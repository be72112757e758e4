"""Root fields of the member API that tell of points as they move."""

from collections.abc import AsyncGenerator
from datetime import datetime

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.ledger.queries import points_of_member
from shuke_core.live.topics import Item
from shuke_core.points.live import POINTS
from shuke_schema.context import ShukeInfo
from shuke_schema.live.updates import Feed, Update, of_topic, own_key
from shuke_schema.parts import Audience
from shuke_schema.points.types import EntryKind, Points
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows
from shuke_schema.scalars import Long


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Points of the member came or went.")
class PointsChange:
    kind: EntryKind
    points: Long = strawberry.field(description="Positive when they came, negative when they went.")
    at: datetime

    @strawberry.field(description="The member's points by now.")
    async def now(self, info: ShukeInfo) -> Points:
        assert info.context.member_id is not None  # noqa: S101 (visitors have no key)
        return answered_by(points_of_member(info.context.member_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "PointsChange":
        facts = item.facts
        return cls(
            kind=EntryKind(facts["kind"]),
            points=Long(facts["points"]),
            at=datetime.fromisoformat(facts["happened_at"]),
        )


@strawberry.type
class PointsSubscription:
    @strawberry.subscription(
        description="Movements of the member's own points.",
        metadata=asks(Audience.MEMBER, ONESELF) | of_topic(POINTS, own_key),
    )
    async def points_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[PointsChange], None]:
        async for told in feed:
            change = PointsChange.of(told.item) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)
