"""Root fields of the staff API that tell of alerts as they are raised and resolved."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import ALERTS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.alerts.live import ALERTS
from shuke_core.alerts.queries import alert_of_id
from shuke_core.live.topics import Item
from shuke_schema.alerts.types import Alert
from shuke_schema.context import opaque
from shuke_schema.live.updates import Feed, Update, of_topic, own_route, route_of_role
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="What happened to an alert.")
class AlertChangeKind(Enum):
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An alert was raised, acknowledged or resolved.")
class AlertChange:
    kind: AlertChangeKind
    alert_id: strawberry.ID
    at: datetime
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The alert as it is by now.")
    async def alert(self) -> Alert | None:
        return answered_by(alert_of_id(self.row_id))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, item: Item) -> "AlertChange":
        facts = item.facts
        alert_id = UUID(facts["alert_id"])
        return cls(
            kind=AlertChangeKind(facts["change"]),
            alert_id=opaque(alert_id),
            at=datetime.fromisoformat(item.recorded_at),
            row_id=alert_id,
        )


async def alert_changes(feed: Feed) -> AsyncGenerator[Update[AlertChange], None]:
    """The updates of a feed of alerts."""
    async for told in feed:
        change = AlertChange.of(told.item) if told.item else None
        yield Update(cursor=told.cursor, gap=told.gap, change=change)


@strawberry.type
class AlertsSubscription:
    @strawberry.subscription(
        description="Alerts for you in person.",
        metadata=asks(Audience.STAFF, ALERTS_READ) | of_topic(ALERTS, own_route),
    )
    async def my_alerts_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[AlertChange], None]:
        async for update in alert_changes(feed):
            yield update

    @strawberry.subscription(
        description="Alerts for whoever is in your role.",
        metadata=asks(Audience.STAFF, ALERTS_READ) | of_topic(ALERTS, route_of_role),
    )
    async def role_alerts_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[AlertChange], None]:
        async for update in alert_changes(feed):
            yield update
