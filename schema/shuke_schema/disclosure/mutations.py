"""Mutations of the limits of disclosure."""

from enum import Enum

import strawberry

from shuke_core.access.permissions import STAFF_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.disclosure.limits import Limits, disclosure_limits, set_disclosure_limits
from shuke_schema.disclosure.types import DisclosureLimits
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import asks, shows
from shuke_schema.staff.mutations import STEP_UP, grant_of


@strawberry.enum(description="Why the limits were not set.")
class DisclosureErrorCode(Enum):
    DISCLOSURE_LIMITS_INVALID = "DISCLOSURE_LIMITS_INVALID"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


@strawberry.type(description="Why the limits were not set.")
class DisclosureError(Failure[DisclosureErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class DisclosurePayload:
    limits: DisclosureLimits | None = None
    errors: list[DisclosureError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    DisclosureError,
    DisclosureErrorCode,
    {"STEP_UP_REQUIRED": "stepUp", "APPROVAL_REQUIRED": "stepUp"},
)


@strawberry.type
class DisclosureMutation:
    @strawberry.mutation(
        description="Sets how much one person may reveal and export; it holds at once. "
        f"`stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def set_disclosure_limits(
        self,
        hourly: int,
        daily: int,
        unusual: int,
        rows: int,
        step_up: strawberry.ID | None = None,
    ) -> DisclosurePayload:
        async def act() -> Limits:
            await set_disclosure_limits(grant_of(step_up), hourly, daily, unusual, rows)
            return await disclosure_limits()

        now, errors = await _FAILURES.attempt(act)
        return DisclosurePayload(limits=DisclosureLimits.of(now) if now else None, errors=errors)
