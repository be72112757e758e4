"""Root fields about the limits of disclosure."""

import strawberry

from shuke_core.disclosure.limits import disclosure_limits
from shuke_schema.disclosure.types import DisclosureLimits
from shuke_schema.parts import Audience
from shuke_schema.rights import ANY_STAFF, asks


@strawberry.type
class DisclosureQuery:
    @strawberry.field(
        description="How much one person may reveal and export here.",
        metadata=asks(Audience.STAFF, ANY_STAFF),
    )
    async def disclosure_limits(self) -> DisclosureLimits:
        return DisclosureLimits.of(await disclosure_limits())
