"""GraphQL types of the limits of disclosure."""

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.disclosure.limits import Limits
from shuke_schema.rights import shows


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How much one person may reveal and export.")
class DisclosureLimits:
    hourly: int
    daily: int = strawberry.field(description="Within 24 hours.")
    unusual: int = strawberry.field(
        description="From so many reveals within 24 hours on administrators are alerted."
    )
    rows: int = strawberry.field(description="The most rows of one export.")

    @classmethod
    def of(cls, limits: Limits) -> "DisclosureLimits":
        return cls(
            hourly=limits.hourly,
            daily=limits.daily,
            unusual=limits.unusual,
            rows=limits.rows,
        )
