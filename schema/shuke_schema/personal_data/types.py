"""GraphQL types of people's rights over their data (个人信息权利)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.personal_data.queries import RightsRequest as RequestRow
from shuke_core.personal_data.rules import ErasureGround, PersonalDataRight, RightsRequestState
from shuke_schema.members.texts import opened
from shuke_schema.rights import needs, shown_as, shows

if TYPE_CHECKING:
    from shuke_schema.members.types import Member

strawberry.enum(PersonalDataRight, description="What somebody asks for by right.")
strawberry.enum(ErasureGround, description="Why staff erase somebody.")
strawberry.enum(RightsRequestState, description="What has become of a request.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that a member asked for by right.")
class RightsRequest:
    id: strawberry.ID
    kind: PersonalDataRight
    state: RightsRequestState
    asked_at: datetime
    due_on: str = strawberry.field(
        description="The last day on which it is in time: YYYY-MM-DD, the tenant's."
    )
    acts_at: datetime | None = strawberry.field(
        description="When an erasure is done; until then it can be cancelled."
    )
    done_at: datetime | None

    @strawberry.field(description="What is to be corrected.", metadata=shown_as(FieldClass.CONTACT))
    async def note(self, parent: strawberry.Parent[RequestRow]) -> str | None:
        return await opened(
            "rights_request",
            parent.id,
            "note",
            parent.member_id,  # type: ignore[attr-defined]
            parent.note,
        )

    @strawberry.field(description="What was answered to it.", metadata=shown_as(FieldClass.CONTACT))
    async def answer(self, parent: strawberry.Parent[RequestRow]) -> str | None:
        return await opened(
            "rights_request",
            parent.id,
            "answer",
            parent.member_id,  # type: ignore[attr-defined]
            parent.answer,
        )


@strawberry.type
class RightsRequestForStaff:
    member: Annotated["Member", strawberry.lazy("shuke_schema.members.types")] = strawberry.field(
        metadata=needs(MEMBERS_READ)
    )


@strawberry.type
class RightsRequestsOfMember:
    rights_requests: list[RightsRequest] = strawberry.field(
        description="What the member asked for by right, the newest first, 50 at most. An open "
        "erasure is one that can still be cancelled."
    )
