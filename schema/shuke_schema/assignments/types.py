"""GraphQL types of assignment (分配): advisors, and fields of a member that staff alone see."""

from datetime import datetime

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.assignments.queries import AssignmentWay
from shuke_schema.pagination import Connection
from shuke_schema.projection.fields import projected
from shuke_schema.rights import shows

strawberry.enum(AssignmentWay, description="How it was decided who gets a member.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Somebody of the staff who looks after members (顾问).")
class Advisor:
    id: strawberry.ID
    handle: str
    name: str


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member was given to an advisor, or to nobody. Never changed.")
class Assignment:
    id: strawberry.ID
    advisor: Advisor | None = strawberry.field(description="Null: to nobody.")
    way: AssignmentWay
    reason: str
    by: str = strawberry.field(description="Who did it.")
    assigned_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type
class AssignedMember:
    advisor: Advisor | None = strawberry.field(description="Who looks after the member now.")

    @projected
    def assignments(self, first: int = 20, after: str | None = None) -> Connection[Assignment]: ...
