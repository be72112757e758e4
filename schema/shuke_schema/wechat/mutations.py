"""Mutations of the staff API about claims of phones."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_CLAIMS, MEMBERS_MERGE
from shuke_core.access.rights import FieldClass
from shuke_core.wechat.claims import decide_claim, merge_claim
from shuke_core.wechat.errors import PhoneClaimUnknown
from shuke_core.wechat.queries import claim_of_id
from shuke_schema.context import ShukeInfo, id_of, opaque, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.staff.mutations import STEP_UP, grant_of
from shuke_schema.wechat.types import PhoneClaim


@strawberry.enum(description="Why a claim could not be decided.")
class PhoneClaimErrorCode(Enum):
    PHONE_CLAIM_UNKNOWN = "PHONE_CLAIM_UNKNOWN"
    PHONE_CLAIM_DECIDED = "PHONE_CLAIM_DECIDED"
    PHONE_CLAIM_STALE = "PHONE_CLAIM_STALE"
    PHONE_CLAIM_NEEDS_MERGE = "PHONE_CLAIM_NEEDS_MERGE"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


@strawberry.type(description="Why a claim could not be decided.")
class PhoneClaimError(Failure[PhoneClaimErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class PhoneClaimPayload:
    claim: PhoneClaim | None = None
    merge: strawberry.ID | None = strawberry.field(
        default=None, description="By which it is undone, where two members were merged."
    )
    errors: list[PhoneClaimError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    PhoneClaimError,
    PhoneClaimErrorCode,
    {
        "PHONE_CLAIM_UNKNOWN": "id",
        "PHONE_CLAIM_NEEDS_MERGE": "samePerson",
        "STEP_UP_REQUIRED": "stepUp",
        "APPROVAL_REQUIRED": "stepUp",
    },
)


def _payload(
    claim_id: UUID | None, merge_id: UUID | None, errors: list[PhoneClaimError]
) -> PhoneClaimPayload:
    if claim_id is None:
        return PhoneClaimPayload(errors=errors)
    return PhoneClaimPayload(
        claim=answered_by(claim_of_id(claim_id)),
        merge=opaque(merge_id) if merge_id else None,
        errors=errors,
    )


@strawberry.type
class WechatMutation:
    @strawberry.mutation(
        description="Decides on a claim. One person: the visitor becomes the member who is known by "
        "the phone; where the claimant is a member as well, `mergePhoneClaim` decides it. Another one: "
        "the phone is the claimant's, and the former member keeps the rest.",
        metadata=asks(Audience.STAFF, MEMBERS_CLAIMS),
    )
    async def decide_phone_claim(
        self, info: ShukeInfo, id: strawberry.ID, same_person: bool
    ) -> PhoneClaimPayload:
        async def decide() -> UUID:
            claim_id = id_of(id)
            if claim_id is None:
                raise PhoneClaimUnknown()
            await decide_claim(claim_id, staff_of(info).id, same_person=same_person)
            return claim_id

        decided, errors = await _FAILURES.attempt(decide)
        return _payload(decided, None, errors)

    @strawberry.mutation(
        description="Decides on a claim of one person who has two memberships: the claimant is merged "
        f"into the member who is known by the phone, as by `mergeMembers`. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def merge_phone_claim(
        self, id: strawberry.ID, step_up: strawberry.ID | None = None
    ) -> PhoneClaimPayload:
        async def merge() -> tuple[UUID, UUID | None]:
            claim_id = id_of(id) or NOBODY
            return claim_id, await merge_claim(grant_of(step_up), claim_id)

        merged, errors = await _FAILURES.attempt(merge)
        claim_id, merge_id = merged or (None, None)
        return _payload(claim_id, merge_id, errors)
