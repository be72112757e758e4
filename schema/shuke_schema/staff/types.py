"""GraphQL types of staff (员工): who is asking, accounts and sessions, roles, permissions."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import Rights
from shuke_core.staff import roles
from shuke_core.staff.demands import SecondFactorRule
from shuke_core.staff.queries import AccountRow
from shuke_core.staff.services import StaffCard
from shuke_core.staff.sessions import SessionRow
from shuke_schema.context import opaque
from shuke_schema.rights import shows
from shuke_schema.staff.enums import FieldClass, Scope


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A permission, and whose rows it holds for.")
class Grant:
    permission: str = strawberry.field(description="Its key.")
    scope: Scope


@shows(FieldClass.PUBLIC)
@strawberry.type(name="Permission", description="Something that staff may be allowed to do.")
class PermissionType:
    key: str
    label: str
    label_zh: str
    scopes: list[Scope] = strawberry.field(description="With which a role may have it.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What somebody of the staff may do and see.")
class Role:
    key: str
    label: str
    label_zh: str
    is_ready_made: bool = strawberry.field(description="Then it can't be changed or removed.")
    grants: list[Grant]
    field_classes: list[FieldClass] = strawberry.field(description="Which fields it sees.")

    @classmethod
    def of(cls, role: roles.Role) -> "Role":
        return cls(
            key=role.key,
            label=role.label["en"],
            label_zh=role.label["zh"],
            is_ready_made=role.is_ready_made,
            grants=_grants(role.permissions),
            field_classes=_sorted(role.classes | {FieldClass.PUBLIC}),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Somebody who works for the tenant (员工).")
class Viewer:
    id: strawberry.ID
    handle: str = strawberry.field(description="What they log in as.")
    name: str
    role: str = strawberry.field(description="The key of their role.")
    permissions: list[str] = strawberry.field(description="What they may do, by key.")
    grants: list[Grant] = strawberry.field(description="The same with the scope of each.")
    field_classes: list[FieldClass] = strawberry.field(description="Which fields they may see.")

    @classmethod
    def of(cls, card: StaffCard) -> "Viewer":
        rights = card.rights
        return cls(
            id=opaque(card.id),
            handle=card.handle,
            name=card.name,
            role=card.role,
            permissions=sorted(rights.permissions),
            grants=_grants({key: rights.scope_of(key) for key in rights.permissions}),
            field_classes=_sorted(rights.classes),
        )


SecondFactorRuleName = strawberry.enum(
    SecondFactorRule,
    name="SecondFactorRule",
    description="Of whom a second factor is demanded when they sign in.",
)


@strawberry.enum(description="Where somebody stands with the tenant.")
class StaffState(Enum):
    INVITED = "invited"
    ACTIVE = "active"
    LEFT = "left"


@strawberry.enum(description="How a session came about.")
class SessionKind(Enum):
    SESSION = "session"
    ENROLMENT = "enrolment"
    ISSUED = "issued"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Somebody of the staff (员工), as an administrator sees them.")
class StaffMember:
    id: strawberry.ID
    handle: str
    name: str
    role: str = strawberry.field(description="The key of their role.")
    state: StaffState
    joined_at: datetime
    has_second_factor: bool
    locked_until: datetime | None = strawberry.field(
        description="Strange sources can't sign in as them until then; null: they can."
    )

    @classmethod
    def of(cls, row: AccountRow) -> "StaffMember":
        return cls(
            id=opaque(row.id),
            handle=row.handle,
            name=row.name,
            role=row.role,
            state=StaffState(row.state),
            joined_at=row.joined_at,
            has_second_factor=row.has_second_factor,
            locked_until=row.locked_until,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An open session, or a token that was issued on the command line.")
class StaffSession:
    id: strawberry.ID
    kind: SessionKind
    source: str = strawberry.field(description="Where it was opened from, such as 203.0.113.*")
    agent: str = strawberry.field(description="What the program called itself that opened it.")
    created_at: datetime
    used_at: datetime | None = strawberry.field(description="Some minutes behind.")
    expires_at: datetime
    is_current: bool = strawberry.field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, row: SessionRow, current: StaffCard | None) -> "StaffSession":
        return cls(
            id=opaque(row.id),
            kind=SessionKind(row.kind),
            source=row.source,
            agent=row.agent,
            created_at=row.created_at,
            used_at=row.used_at,
            expires_at=row.expires_at,
            is_current=current is not None and current.session == row.id,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What one's own account has.")
class OwnAccount:
    handle: str
    has_second_factor: bool
    must_enrol: bool = strawberry.field(
        description="Whether nothing else can be done before a second factor is set up."
    )
    recovery_codes: int = strawberry.field(description="How many are left.")


@strawberry.enum(description="The language of a label.")
class Language(Enum):
    ZH = "zh"
    EN = "en"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Somebody of the staff, as colleagues see them.")
class Colleague:
    id: strawberry.ID
    handle: str
    name: str


def _grants(permissions: Mapping[str, Scope]) -> list[Grant]:
    return [Grant(permission=key, scope=scope) for key, scope in sorted(permissions.items())]


def _sorted(classes: frozenset[FieldClass]) -> list[FieldClass]:
    return sorted(classes, key=lambda each: each.value)


def permissions_that(rights: Rights) -> list[PermissionType]:
    """Every permission that somebody with these rights holds, and so may grant."""
    return [
        PermissionType(
            key=each.key,
            label=each.label["en"],
            label_zh=each.label["zh"],
            scopes=sorted(each.scopes, key=lambda scope: scope.value),
        )
        for each in declared_permissions().values()
        if each.key in rights.permissions
    ]
