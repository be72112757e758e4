"""Mutations of profiles: a member's own, those of staff, and what is asked for."""

from collections.abc import Awaitable, Callable
from enum import Enum

import strawberry

from shuke_core.access.permissions import MEMBERS_EDIT, MEMBERS_FIELDS
from shuke_core.access.rights import FieldClass
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import savepoint
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.queries import member_of_id
from shuke_core.profiles.errors import MemberChanged, ProfileRefused
from shuke_core.profiles.queries import all_profile_fields
from shuke_core.profiles.rules import BUILTIN
from shuke_core.profiles.services import (
    retire_profile_field,
    save_profile_field,
    update_member,
    update_own_profile,
)
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.members.types import Member
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.profiles.inputs import ProfileFieldInput, ProfileInput
from shuke_schema.profiles.types import ProfileField
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows


@strawberry.enum(description="Why a change of a profile was refused.")
class ProfileErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    MEMBER_CHANGED = "MEMBER_CHANGED"
    FILE_UNKNOWN = "FILE_UNKNOWN"
    PROFILE_FIELD_UNKNOWN = "PROFILE_FIELD_UNKNOWN"
    PROFILE_FIELD_INVALID = "PROFILE_FIELD_INVALID"
    PROFILE_FIELD_LOCKED = "PROFILE_FIELD_LOCKED"
    PROFILE_VALUE_INVALID = "PROFILE_VALUE_INVALID"
    PROFILE_VALUE_REQUIRED = "PROFILE_VALUE_REQUIRED"


@strawberry.type(description="Why a change of a profile was refused.")
class ProfileError(Failure[ProfileErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class OwnProfilePayload:
    me: Member | None = None
    errors: list[ProfileError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class UpdateMemberPayload:
    member: Member | None = strawberry.field(
        default=None, description="As it is now; also where somebody was quicker."
    )
    version: int | None = strawberry.field(default=None, description="The present one.")
    errors: list[ProfileError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class ProfileFieldPayload:
    field: ProfileField | None = None
    errors: list[ProfileError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    ProfileError,
    ProfileErrorCode,
    {"MEMBER_UNKNOWN": "id", "MEMBER_CHANGED": "version", "PROFILE_FIELD_UNKNOWN": "key"},
)


async def _changed(act: Callable[[], Awaitable[int]]) -> tuple[int | None, list[ProfileError]]:
    """The new version; of what was refused the present one, if it was told, with each fault."""
    try:
        async with savepoint():
            return await act(), []
    except ProfileRefused as refused:
        return None, _faults(refused)
    except MemberChanged as refused:
        return int(str(refused.facts["version"])), [_FAILURES.of(refused)]
    except ShukeError as refused:
        return None, [_FAILURES.of(refused)]


def _faults(refused: ProfileRefused) -> list[ProfileError]:
    faults = refused.facts["faults"]
    assert isinstance(faults, dict)  # noqa: S101
    return [
        ProfileError(
            code=ProfileErrorCode(fault.code),
            message=str(fault),
            path=["profile", key] if key in BUILTIN else ["profile", "fields", key],
        )
        for key, fault in faults.items()
    ]


async def _field(act: Awaitable[None], key: str) -> ProfileField:
    await act
    return next(ProfileField.of(each) for each in await all_profile_fields() if each.key == key)


@strawberry.type
class OwnProfileMutation:
    @strawberry.mutation(
        description="Changes what you have said of yourself: all of it, or nothing with each fault. "
        "What is filled in earns its reward once.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def update_profile(self, info: ShukeInfo, profile: ProfileInput) -> OwnProfilePayload:
        member_id = info.context.member_id
        assert member_id is not None  # noqa: S101 (visitors may not ask for it)
        version, errors = await _changed(lambda: update_own_profile(member_id, profile.said()))
        me = answered_by(member_of_id(member_id)) if version else None
        return OwnProfilePayload(me=me, errors=errors)


@strawberry.type
class ProfilesMutation:
    @strawberry.mutation(
        description="Changes what is known of a member whom you have read at `version`. Where "
        "somebody was quicker nothing is changed, and the member comes as it is now.",
        metadata=asks(Audience.STAFF, MEMBERS_EDIT),
    )
    async def update_member(
        self, id: strawberry.ID, version: int, profile: ProfileInput
    ) -> UpdateMemberPayload:
        member_id = id_of(id)

        async def act() -> int:
            if member_id is None:
                raise MemberUnknown()
            return await update_member(member_id, version, profile.said())

        present, errors = await _changed(act)
        member = answered_by(member_of_id(member_id)) if member_id and present else None
        return UpdateMemberPayload(member=member, version=present, errors=errors)

    @strawberry.mutation(
        description="Asks members for a field from now on, or changes how it is asked for. Its kind "
        "is for ever.",
        metadata=asks(Audience.STAFF, MEMBERS_FIELDS),
    )
    async def save_profile_field(self, field: ProfileFieldInput) -> ProfileFieldPayload:
        saved, errors = await _FAILURES.attempt(
            lambda: _field(save_profile_field(field.spec()), field.key)
        )
        return ProfileFieldPayload(field=saved, errors=errors)

    @strawberry.mutation(
        description="Asks for a field no more, be it built in or the tenant's own. What members have "
        "said stays.",
        metadata=asks(Audience.STAFF, MEMBERS_FIELDS),
    )
    async def retire_profile_field(self, key: str) -> ProfileFieldPayload:
        retired, errors = await _FAILURES.attempt(lambda: _field(retire_profile_field(key), key))
        return ProfileFieldPayload(field=retired, errors=errors)
