"""GraphQL types of alerts (提醒)."""

from datetime import datetime

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.alerts.kinds import Severity, label_of
from shuke_core.alerts.queries import Alert as AlertRow
from shuke_schema.rights import shows
from shuke_schema.staff.types import Colleague, Language

AlertSeverity = strawberry.enum(Severity, name="Severity", description="How serious an alert is.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that staff must see, until it is resolved.")
class Alert:
    id: strawberry.ID
    kind: str = strawberry.field(description="Dotted words, such as inquiry.overdue.")
    severity: Severity
    subject: str = strawberry.field(description="What it is about, such as task:<id>.")
    role: str | None = strawberry.field(description="Whoever is in it; null: one person.")
    times: int = strawberry.field(description="How often it was raised so far.")
    raised_at: datetime
    last_raised_at: datetime
    is_acknowledged: bool
    acknowledged_by: Colleague | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None

    @strawberry.field(description="What it says, to be shown.")
    def label(self, parent: strawberry.Parent[AlertRow], language: Language = Language.ZH) -> str:
        return label_of(parent.kind)[language.value]
