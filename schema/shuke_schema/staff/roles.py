"""Mutations of the staff API about staff: a tenant's own roles, absence, stores.

Whatever changes what somebody may do or see wants a step-up, bound to all of it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from shuke_core.access.permissions import ROLES_MANAGE, STAFF_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.staff.administration import give_stores
from shuke_core.staff.presence import set_away
from shuke_core.staff.role_services import change_role, create_role, remove_role
from shuke_core.staff.roles import all_roles
from shuke_schema.context import id_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.rights import asks, shows
from shuke_schema.staff.inputs import RoleInput
from shuke_schema.staff.mutations import STEP_UP, grant_of
from shuke_schema.staff.types import Role


@strawberry.enum(description="Why a change of a role was refused.")
class RoleErrorCode(Enum):
    ROLE_EXISTS = "ROLE_EXISTS"
    ROLE_UNKNOWN = "ROLE_UNKNOWN"
    ROLE_READY_MADE = "ROLE_READY_MADE"
    ROLE_IN_USE = "ROLE_IN_USE"
    ROLE_TOO_MIGHTY = "ROLE_TOO_MIGHTY"
    PERMISSION_UNKNOWN = "PERMISSION_UNKNOWN"
    SCOPE_UNFIT = "SCOPE_UNFIT"
    SLUG_INVALID = "SLUG_INVALID"
    NAME_INVALID = "NAME_INVALID"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


@strawberry.type(description="Why a change of a role was refused.")
class RoleError(Failure[RoleErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class RolePayload:
    role: Role | None
    errors: list[RoleError]


@strawberry.enum(description="Why a change of somebody's presence was refused.")
class PresenceErrorCode(Enum):
    COLLEAGUE_UNKNOWN = "COLLEAGUE_UNKNOWN"
    STORE_UNKNOWN = "STORE_UNKNOWN"
    ABSENCE_INVALID = "ABSENCE_INVALID"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"


@strawberry.type(description="Why a change of somebody's presence was refused.")
class PresenceError(Failure[PresenceErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class PresencePayload:
    errors: list[PresenceError]


_ROLES = Failures(
    RoleError,
    RoleErrorCode,
    {
        **dict.fromkeys(("ROLE_EXISTS", "ROLE_UNKNOWN", "ROLE_READY_MADE", "SLUG_INVALID"), "key"),
        **dict.fromkeys(
            ("ROLE_TOO_MIGHTY", "PERMISSION_UNKNOWN", "SCOPE_UNFIT", "NAME_INVALID"), "role"
        ),
        "ROLE_IN_USE": "key",
        **dict.fromkeys(("STEP_UP_REQUIRED", "APPROVAL_REQUIRED"), "stepUp"),
    },
)
_PRESENCE = Failures(
    PresenceError,
    PresenceErrorCode,
    {
        "COLLEAGUE_UNKNOWN": "staff",
        "STORE_UNKNOWN": "stores",
        "ABSENCE_INVALID": "until",
        "STEP_UP_REQUIRED": "stepUp",
    },
)


async def _change_of_rights(key: str, act: Callable[[], Awaitable[None]]) -> RolePayload:
    _, errors = await _ROLES.attempt(act)
    found = next((role for role in await all_roles() if role.key == key), None)
    return RolePayload(role=Role.of(found) if found else None, errors=errors)


async def _present(act: Callable[[], Awaitable[Any]]) -> PresencePayload:
    _, errors = await _PRESENCE.attempt(act)
    return PresencePayload(errors=errors)


@strawberry.type
class RolesMutation:
    @strawberry.mutation(
        description=f"Makes a role of the tenant's own. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, ROLES_MANAGE),
    )
    async def create_role(
        self, key: str, role: RoleInput, step_up: strawberry.ID | None = None
    ) -> RolePayload:
        wanted = role.wanted()
        return await _change_of_rights(key, lambda: create_role(grant_of(step_up), key, wanted))

    @strawberry.mutation(
        description="Changes a role of the tenant's own; holds within seconds, for open sockets "
        f"too. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, ROLES_MANAGE),
    )
    async def change_role(
        self, key: str, role: RoleInput, step_up: strawberry.ID | None = None
    ) -> RolePayload:
        wanted = role.wanted()
        return await _change_of_rights(key, lambda: change_role(grant_of(step_up), key, wanted))

    @strawberry.mutation(
        description=f"Removes a role of the tenant's own that nobody has. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, ROLES_MANAGE),
    )
    async def remove_role(self, key: str, step_up: strawberry.ID | None = None) -> RolePayload:
        return await _change_of_rights(key, lambda: remove_role(grant_of(step_up), key))

    @strawberry.mutation(
        description="Somebody is away from `since` until `until`, or until told: no member is given "
        "to them. Without `since` they are back.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def set_away(
        self, staff: strawberry.ID, since: datetime | None = None, until: datetime | None = None
    ) -> PresencePayload:
        return await _present(lambda: set_away(id_of(staff) or NOBODY, since, until))

    @strawberry.mutation(
        description="At which stores somebody works: whoever is narrowed to their stores sees "
        f"these. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def set_stores(
        self, staff: strawberry.ID, stores: list[str], step_up: strawberry.ID | None = None
    ) -> PresencePayload:
        whom = id_of(staff) or NOBODY
        return await _present(lambda: give_stores(grant_of(step_up), whom, stores))
