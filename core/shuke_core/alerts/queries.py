"""Reads of alerts: what the API shows of them, and where it comes from."""

from datetime import datetime
from uuid import UUID

from shuke_core.alerts.kinds import Severity
from shuke_core.projection.declare import ID, Projection, one, python, sql
from shuke_core.projection.reads import Read
from shuke_core.staff.queries import Colleague

_STANDS = "this.resolved_at is null"


class Alert(Projection, table="alert"):
    """Something that staff must see."""

    id: ID
    kind: str
    label: str = python("kind")
    severity: Severity
    subject: str
    role: str | None
    times: int
    raised_at: datetime
    last_raised_at: datetime
    acknowledged_by: Colleague | None = one("this.id = parent.acknowledged_by_id")
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    is_acknowledged: bool = sql("(this.acknowledged_at is not null)")


def alert_of_id(alert_id: UUID) -> Read:
    """An alert; whether its asker may see it is for the caller to know."""
    return Read.one(Alert, "this.id = :id", given={"id": alert_id})


def alerts_standing(
    staff_id: UUID, role: str, first: int, after: str | None, *, everybodys: bool
) -> Read:
    """Alerts that are not resolved, newest first: one's own and one's role's, or everybody's."""
    given = {"first": first, "after": after}
    if everybodys:
        return Read.page(Alert, _STANDS, newest="raised_at", listed="alerts.all", given=given)
    return Read.page(
        Alert,
        *(_STANDS, "(this.staff_id = :me or this.role = :role)"),
        newest="raised_at",
        listed="alerts",
        given={**given, "me": staff_id, "role": role},
    )
