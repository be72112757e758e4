"""Mutations of the staff API about alerts."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import ALERTS_ACKNOWLEDGE, ALERTS_READ_ALL
from shuke_core.access.rights import FieldClass
from shuke_core.alerts.errors import AlertUnknown
from shuke_core.alerts.queries import alert_of_id
from shuke_core.alerts.services import acknowledge_alert
from shuke_schema.alerts.types import Alert
from shuke_schema.context import ShukeInfo, id_of, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why an act on an alert was refused.")
class AlertErrorCode(Enum):
    ALERT_UNKNOWN = "ALERT_UNKNOWN"


@strawberry.type(description="Why an act on an alert was refused.")
class AlertError(Failure[AlertErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class AlertPayload:
    alert: Alert | None = None
    errors: list[AlertError] = strawberry.field(default_factory=list)


_FAILURES = Failures(AlertError, AlertErrorCode, {"ALERT_UNKNOWN": "id"})


@strawberry.type
class AlertsMutation:
    @strawberry.mutation(
        description="Says that you have seen the alert and take care. Once said, it stays.",
        metadata=asks(Audience.STAFF, ALERTS_ACKNOWLEDGE),
    )
    async def acknowledge_alert(self, info: ShukeInfo, id: strawberry.ID) -> AlertPayload:
        staff = staff_of(info)
        sees_all = ALERTS_READ_ALL.key in info.context.rights.permissions

        async def act() -> UUID:
            alert_id = id_of(id)
            if alert_id is None:
                raise AlertUnknown()
            await acknowledge_alert(alert_id, staff.id, staff.role, sees_all=sees_all)
            return alert_id

        done, errors = await _FAILURES.attempt(act)
        return AlertPayload(alert=answered_by(alert_of_id(done)) if done else None, errors=errors)
