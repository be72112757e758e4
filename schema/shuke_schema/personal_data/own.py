"""Mutations of the member API about one's own data: have it, have it corrected, be erased."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass
from shuke_core.personal_data.queries import request_of_id
from shuke_core.personal_data.services import (
    ask_correction,
    ask_erasure,
    cancel_erasure,
    take_my_data,
)
from shuke_schema.context import ShukeInfo
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.personal_data.types import RightsRequest
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows


@strawberry.enum(description="Why what was asked for by right was refused.")
class RightsErrorCode(Enum):
    ERASURE_NOT_CONFIRMED = "ERASURE_NOT_CONFIRMED"
    RIGHTS_REQUEST_UNKNOWN = "RIGHTS_REQUEST_UNKNOWN"
    RIGHTS_REQUEST_INVALID = "RIGHTS_REQUEST_INVALID"
    RIGHTS_REQUESTS_TOO_MANY = "RIGHTS_REQUESTS_TOO_MANY"


@strawberry.type(description="Why what was asked for by right was refused.")
class RightsError(Failure[RightsErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class OwnDataPayload:
    document: JSON | None = strawberry.field(
        description="profile, mergedProfiles, and holdings: key, label (zh, en), rows.",
        default=None,
    )
    errors: list[RightsError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class RightsRequestPayload:
    request: RightsRequest | None = None
    errors: list[RightsError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    RightsError,
    RightsErrorCode,
    {"ERASURE_NOT_CONFIRMED": "confirmation", "RIGHTS_REQUEST_INVALID": "note"},
)


def _me(info: ShukeInfo) -> UUID:
    assert info.context.member_id is not None  # noqa: S101 (visitors may not ask for it)
    return info.context.member_id


async def _asked(act: Callable[[], Awaitable[UUID]]) -> RightsRequestPayload:
    request_id, errors = await _FAILURES.attempt(act)
    read = answered_by(request_of_id(request_id)) if request_id else None
    return RightsRequestPayload(request=read, errors=errors)


@strawberry.type
class OwnDataMutation:
    @strawberry.mutation(
        description="All that is held of the member, as one document, plugins' included. Five times "
        "a day; that it was asked for is kept.",
        metadata=asks(Audience.MEMBER, ONESELF) | WHILE_CLOSING,
    )
    async def request_my_data(self, info: ShukeInfo) -> OwnDataPayload:
        async def act() -> dict[str, Any]:
            return await take_my_data(_me(info))

        document, errors = await _FAILURES.attempt(act)
        if document is None:
            return OwnDataPayload(errors=errors)
        return OwnDataPayload(document=JSON(document))

    @strawberry.mutation(
        description="Asks staff to correct what the member can't change by themselves.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def request_correction(self, info: ShukeInfo, note: str) -> RightsRequestPayload:
        return await _asked(lambda: ask_correction(_me(info), note))

    @strawberry.mutation(
        description="Asks to be erased: after seven days, in which it can be cancelled, all that is "
        "personal is gone for good. `confirmation` is what the member typed: 注销 or ERASE.",
        metadata=asks(Audience.MEMBER, ONESELF) | WHILE_CLOSING,
    )
    async def erase_me(self, info: ShukeInfo, confirmation: str) -> RightsRequestPayload:
        return await _asked(lambda: ask_erasure(_me(info), confirmation))

    @strawberry.mutation(
        description="The member stays after all.",
        metadata=asks(Audience.MEMBER, ONESELF) | WHILE_CLOSING,
    )
    async def cancel_erasure(self, info: ShukeInfo) -> RightsRequestPayload:
        _, errors = await _FAILURES.attempt(lambda: cancel_erasure(_me(info)))
        return RightsRequestPayload(errors=errors)
