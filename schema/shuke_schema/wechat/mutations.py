"""Mutations of the staff API about claims of phones."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_CLAIMS, MEMBERS_MERGE
from shuke_core.access.rights import FieldClass
from shuke_core.wechat.claims import decide_claim
from shuke_core.wechat.errors import PhoneClaimUnknown
from shuke_core.wechat.queries import claim_of_id
from shuke_schema.context import ShukeInfo, id_of, opaque, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.wechat.types import PhoneClaim


@strawberry.enum(description="Why a claim could not be decided.")
class PhoneClaimErrorCode(Enum):
    PHONE_CLAIM_UNKNOWN = "PHONE_CLAIM_UNKNOWN"
    PHONE_CLAIM_DECIDED = "PHONE_CLAIM_DECIDED"
    PHONE_CLAIM_STALE = "PHONE_CLAIM_STALE"
    PHONE_CLAIM_NEEDS_MERGE = "PHONE_CLAIM_NEEDS_MERGE"


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
    {"PHONE_CLAIM_UNKNOWN": "id", "PHONE_CLAIM_NEEDS_MERGE": "samePerson"},
)


@strawberry.type
class WechatMutation:
    @strawberry.mutation(
        description="Decides on a claim. One person: the visitor becomes the member who is known by "
        "the phone; a member is merged into that one, by whoever may merge. Another one: the phone is "
        "the claimant's, and the former member keeps the rest.",
        metadata=asks(Audience.STAFF, MEMBERS_CLAIMS),
    )
    async def decide_phone_claim(
        self, info: ShukeInfo, id: strawberry.ID, same_person: bool
    ) -> PhoneClaimPayload:
        async def decide() -> tuple[UUID, UUID | None]:
            claim_id = id_of(id)
            if claim_id is None:
                raise PhoneClaimUnknown()
            may_merge = MEMBERS_MERGE.key in info.context.rights.permissions
            return claim_id, await decide_claim(
                claim_id, staff_of(info).id, same_person=same_person, may_merge=may_merge
            )

        decided, errors = await _FAILURES.attempt(decide)
        if decided is None:
            return PhoneClaimPayload(errors=errors)
        claim_id, merge_id = decided
        return PhoneClaimPayload(
            claim=answered_by(claim_of_id(claim_id)),
            merge=opaque(merge_id) if merge_id else None,
            errors=errors,
        )
