"""Mutations of the staff API about people's rights: answer, hand their data over, erase."""

from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import MEMBERS_ERASE, PRIVACY_REQUESTS
from shuke_core.access.rights import FieldClass
from shuke_core.personal_data.queries import request_of_id
from shuke_core.personal_data.rules import ErasureGround
from shuke_core.personal_data.services import answer_request, erase_member, hand_over_data
from shuke_schema.context import id_of
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.personal_data.types import RightsRequest
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shown_as, shows
from shuke_schema.staff.mutations import STEP_UP, grant_of


@strawberry.enum(description="Why an act on somebody's data was refused.")
class PersonalDataErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    MEMBER_MERGED = "MEMBER_MERGED"
    ERASURE_REASON_MISSING = "ERASURE_REASON_MISSING"
    RIGHTS_REQUEST_UNKNOWN = "RIGHTS_REQUEST_UNKNOWN"
    RIGHTS_REQUEST_INVALID = "RIGHTS_REQUEST_INVALID"
    RIGHTS_REQUESTS_TOO_MANY = "RIGHTS_REQUESTS_TOO_MANY"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


@strawberry.type(description="Why an act on somebody's data was refused.")
class PersonalDataError(Failure[PersonalDataErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class ErasurePayload:
    errors: list[PersonalDataError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class MemberDataPayload:
    document: JSON | None = strawberry.field(
        description="As the member has it of requestMyData: plain phones and texts are in it.",
        default=None,
        metadata=shown_as(FieldClass.CONTACT),
    )
    errors: list[PersonalDataError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class AnsweredRequestPayload:
    request: RightsRequest | None = None
    errors: list[PersonalDataError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    PersonalDataError,
    PersonalDataErrorCode,
    {
        "MEMBER_UNKNOWN": "member",
        "MEMBER_MERGED": "member",
        "ERASURE_REASON_MISSING": "reason",
        "RIGHTS_REQUEST_UNKNOWN": "id",
        "RIGHTS_REQUEST_INVALID": "answer",
        "STEP_UP_REQUIRED": "stepUp",
        "APPROVAL_REQUIRED": "stepUp",
    },
)


@strawberry.type
class PersonalDataMutation:
    @strawberry.mutation(
        description="Erases a member at once and for good; what was bought and earned stays, as a "
        f"random subject's. The ground stays in the audit. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, MEMBERS_ERASE) | WHILE_CLOSING,
    )
    async def erase_member(
        self, member: strawberry.ID, ground: ErasureGround, step_up: strawberry.ID | None = None
    ) -> ErasurePayload:
        grant = grant_of(step_up)
        _, errors = await _FAILURES.attempt(
            lambda: erase_member(grant, id_of(member) or NOBODY, ground)
        )
        return ErasurePayload(errors=errors)

    @strawberry.mutation(
        description="All that is held of a member, to be handed to them who asked for it outside of "
        f"the app. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, PRIVACY_REQUESTS, {"member": FieldClass.CONTACT})
        | WHILE_CLOSING,
    )
    async def hand_over_member_data(
        self, member: strawberry.ID, reason: str, step_up: strawberry.ID | None = None
    ) -> MemberDataPayload:
        async def act() -> dict[str, Any]:
            return await hand_over_data(grant_of(step_up), id_of(member) or NOBODY, reason)

        document, errors = await _FAILURES.attempt(act)
        if document is None:
            return MemberDataPayload(errors=errors)
        return MemberDataPayload(document=JSON(document))

    @strawberry.mutation(
        description="Says that a correction was made, or why it is refused; the member reads it.",
        metadata=asks(Audience.STAFF, PRIVACY_REQUESTS) | WHILE_CLOSING,
    )
    async def answer_rights_request(
        self, id: strawberry.ID, answer: str, refused: bool = False
    ) -> AnsweredRequestPayload:
        async def act() -> UUID:
            request_id = id_of(id) or NOBODY
            await answer_request(request_id, answer, refused=refused)
            return request_id

        answered, errors = await _FAILURES.attempt(act)
        read = answered_by(request_of_id(answered)) if answered else None
        return AnsweredRequestPayload(request=read, errors=errors)
