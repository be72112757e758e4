"""Root fields of the staff API about profiles."""

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.profiles.queries import all_profile_fields
from shuke_schema.parts import Audience
from shuke_schema.profiles.types import ProfileField
from shuke_schema.rights import asks


@strawberry.type
class ProfilesQuery:
    @strawberry.field(
        description="What members are asked for, and what they were, in the order of the form.",
        metadata=asks(Audience.STAFF, MEMBERS_READ),
    )
    async def profile_fields(self) -> list[ProfileField]:
        return [ProfileField.of(spec) for spec in await all_profile_fields()]
