"""Mutations of the staff API about members."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_EDIT
from shuke_core.access.rights import FieldClass
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.queries import member_of_id
from shuke_core.members.services import rename_member
from shuke_schema.context import id_of
from shuke_schema.members.types import Member
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why a change of a member was refused.")
class MemberErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    MEMBER_NAME_INVALID = "MEMBER_NAME_INVALID"


@strawberry.type(description="Why a change of a member was refused.")
class MemberError(Failure[MemberErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class MemberPayload:
    member: Member | None = None
    errors: list[MemberError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    MemberError, MemberErrorCode, {"MEMBER_UNKNOWN": "id", "MEMBER_NAME_INVALID": "name"}
)


@strawberry.type
class MembersMutation:
    @strawberry.mutation(
        description="Gives a member another name.",
        metadata=asks(Audience.STAFF, MEMBERS_EDIT),
    )
    async def rename_member(self, id: strawberry.ID, name: str) -> MemberPayload:
        async def rename() -> UUID:
            member_id = id_of(id)
            if member_id is None:
                raise MemberUnknown()
            await rename_member(member_id, name)
            return member_id

        renamed, errors = await _FAILURES.attempt(rename)
        member = answered_by(member_of_id(renamed)) if renamed else None
        return MemberPayload(member=member, errors=errors)
