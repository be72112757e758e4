"""Root fields of the staff API about staff: oneself and one's sessions, everybody, roles."""

from uuid import UUID

import strawberry

from shuke_core.access.permissions import ROLES_MANAGE, STAFF_MANAGE, STAFF_READ
from shuke_core.credentials.second_factor import second_factor_of
from shuke_core.kit.pagination import Keys
from shuke_core.staff.demands import SecondFactorRule, second_factor_rule
from shuke_core.staff.queries import AccountRow, accounts_before
from shuke_core.staff.roles import all_roles
from shuke_core.staff.sessions import sessions_of
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.parts import Audience
from shuke_schema.rights import ANY_STAFF, SIGNED_IN, asks
from shuke_schema.staff.types import (
    OwnAccount,
    PermissionType,
    Role,
    StaffMember,
    StaffSession,
    StaffState,
    Viewer,
    permissions_that,
)


@strawberry.type
class StaffQuery:
    @strawberry.field(
        description="Who is asking, and what they may do.", metadata=asks(Audience.STAFF, ANY_STAFF)
    )
    def viewer(self, info: ShukeInfo) -> Viewer | None:
        staff = info.context.staff
        return Viewer.of(staff) if staff else None

    @strawberry.field(
        description="One's own account; answered also before a second factor is set up.",
        metadata=asks(Audience.STAFF, SIGNED_IN),
    )
    async def my_account(self, info: ShukeInfo) -> OwnAccount | None:
        staff = info.context.staff
        if staff is None:
            return None
        has = await second_factor_of(staff.id)
        return OwnAccount(
            handle=staff.handle,
            has_second_factor=has.is_on,
            must_enrol=staff.is_enrolling,
            recovery_codes=has.recovery_codes,
        )

    @strawberry.field(
        description="One's own open sessions, the newest first.",
        metadata=asks(Audience.STAFF, SIGNED_IN),
    )
    async def my_sessions(self, info: ShukeInfo) -> list[StaffSession]:
        staff = info.context.staff
        return await _sessions(info, staff.id) if staff else []

    @strawberry.field(
        description="Who works here, those who came last first; with `state` those in it.",
        metadata=asks(Audience.STAFF, STAFF_READ),
    )
    async def staff(
        self, state: StaffState | None = None, first: int = 20, after: str | None = None
    ) -> Connection[StaffMember]:
        async def read(before: Keys | None, limit: int) -> list[AccountRow]:
            return await accounts_before(state.value if state else None, before, limit)

        return await connection_of(
            "staff", first, after, read, lambda row: (row.joined_at, row.id), StaffMember.of
        )

    @strawberry.field(
        description="The open sessions of somebody of the staff.",
        metadata=asks(Audience.STAFF, STAFF_READ),
    )
    async def staff_sessions(self, info: ShukeInfo, staff: strawberry.ID) -> list[StaffSession]:
        staff_id = id_of(staff)
        return await _sessions(info, staff_id) if staff_id else []

    @strawberry.field(
        description="Of whom a second factor is demanded.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def second_factor_rule(self) -> SecondFactorRule:
        return await second_factor_rule()

    @strawberry.field(
        description="Every role that somebody can have, the ready-made ones first.",
        metadata=asks(Audience.STAFF, ANY_STAFF),
    )
    async def roles(self) -> list[Role]:
        return [Role.of(role) for role in await all_roles()]

    @strawberry.field(
        description="The permissions that you hold, and so may give to a role.",
        metadata=asks(Audience.STAFF, ROLES_MANAGE),
    )
    def permissions(self, info: ShukeInfo) -> list[PermissionType]:
        return permissions_that(info.context.rights)


async def _sessions(info: ShukeInfo, staff_id: UUID) -> list[StaffSession]:
    return [StaffSession.of(row, info.context.staff) for row in await sessions_of(staff_id)]
