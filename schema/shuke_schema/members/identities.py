"""Mutations of the staff API: by what other systems name a member."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_EDIT
from shuke_core.access.rights import FieldClass
from shuke_core.members.identities import bind_identity, unbind_identity
from shuke_core.members.queries import member_of_id
from shuke_schema.context import id_of
from shuke_schema.members.types import Member
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why an identity was not bound or unbound.")
class IdentityErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    IDENTITY_INVALID = "IDENTITY_INVALID"
    IDENTITY_TAKEN = "IDENTITY_TAKEN"
    IDENTITY_UNKNOWN = "IDENTITY_UNKNOWN"


@strawberry.type(description="Why an identity was not bound or unbound.")
class IdentityError(Failure[IdentityErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class IdentityPayload:
    member: Member | None = None
    errors: list[IdentityError] = strawberry.field(default_factory=list)


@strawberry.input(description="How another system names a member.")
class IdentityInput:
    kind: str = strawberry.field(description="card, erp or shop.")
    issuer: str = strawberry.field(description="The till, ERP or shop: small letters, digits, -.")
    value: str = strawberry.field(description="The number or id there, as it is.")


_FAILURES = Failures(
    IdentityError,
    IdentityErrorCode,
    {
        "MEMBER_UNKNOWN": "id",
        "IDENTITY_INVALID": "identity",
        "IDENTITY_TAKEN": "identity",
        "IDENTITY_UNKNOWN": "identity",
    },
)


async def _changed(
    verb: Callable[[UUID, str, str, str], Awaitable[None]], id: str, identity: IdentityInput
) -> IdentityPayload:
    async def act() -> UUID:
        member_id = id_of(id) or NOBODY  # what is wrong with the rest is told alike
        await verb(member_id, identity.kind, identity.issuer, identity.value)
        return member_id

    changed, errors = await _FAILURES.attempt(act)
    member = answered_by(member_of_id(changed)) if changed else None
    return IdentityPayload(member=member, errors=errors)


@strawberry.type
class IdentitiesMutation:
    @strawberry.mutation(
        description="Another system names the member so from now on: a till's card, an id of an ERP "
        "or a shop.",
        metadata=asks(Audience.STAFF, MEMBERS_EDIT),
    )
    async def bind_identity(self, id: strawberry.ID, identity: IdentityInput) -> IdentityPayload:
        return await _changed(bind_identity, id, identity)

    @strawberry.mutation(
        description="Another system names the member so no longer.",
        metadata=asks(Audience.STAFF, MEMBERS_EDIT),
    )
    async def unbind_identity(self, id: strawberry.ID, identity: IdentityInput) -> IdentityPayload:
        return await _changed(unbind_identity, id, identity)
