"""Root fields of the staff API about alerts."""

import strawberry

from shuke_core.access.permissions import ALERTS_READ, ALERTS_READ_ALL
from shuke_core.alerts.queries import alerts_standing
from shuke_schema.alerts.types import Alert
from shuke_schema.context import ShukeInfo, staff_of
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks


@strawberry.type
class AlertsQuery:
    @strawberry.field(
        description="Alerts that stand, newest first: your own and those of your role; with "
        "alerts.read_all everybody's.",
        metadata=asks(Audience.STAFF, ALERTS_READ),
    )
    def alerts(
        self, info: ShukeInfo, first: int = 20, after: str | None = None
    ) -> Connection[Alert]:
        staff = staff_of(info)
        everybodys = ALERTS_READ_ALL.key in info.context.rights.permissions
        return answered_by(  # type: ignore[no-any-return]
            alerts_standing(staff.id, staff.role, first, after, everybodys=everybodys)
        )
