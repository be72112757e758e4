"""Root fields of the staff API about people's rights."""

import strawberry

from shuke_core.access.permissions import PRIVACY_REQUESTS
from shuke_core.personal_data.queries import open_requests
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.personal_data.types import RightsRequest
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks


@strawberry.type
class RightsRequestsQuery:
    @strawberry.field(
        description="What members asked for by right and nobody has answered, the newest first.",
        metadata=asks(Audience.STAFF, PRIVACY_REQUESTS),
    )
    def rights_requests(
        self, first: int = 20, after: str | None = None
    ) -> Connection[RightsRequest]:
        return answered_by(open_requests(first, after))  # type: ignore[no-any-return]
