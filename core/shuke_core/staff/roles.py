"""Roles: the ready-made ones, those that a tenant made, and the rights that follow from one.

Which permissions a ready-made role has stands where each permission is declared; here stand the
classes of fields that it sees, and to whose members it is narrowed. An admin has every permission
there is, plugins' included. A tenant's own role is a row: permissions with the scope of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from shuke_core.access.permissions import (
    APPROVALS_DECIDE,
    MEMBERS_READ,
    ROLES_MANAGE,
    STAFF_MANAGE,
    TASKS_READ,
    Permission,
    declared_permissions,
)
from shuke_core.access.rights import EVERY_CLASS, FieldClass, Rights, Scope, Within
from shuke_core.kit.transactions import fetch
from shuke_core.staff.errors import RoleUnknown

ADMIN, ADVISOR = "admin", "advisor"
# Whoever has one of these can make themselves or others anything: a role with one counts as admin.
GOVERNING = frozenset({STAFF_MANAGE.key, ROLES_MANAGE.key, APPROVALS_DECIDE.key})

# What `rights_in` wants to know of the row `s` of staff, for the select list of whoever reads one.
OF_THE_ROLE = (
    "s.role, (SELECT jsonb_build_object('permissions', r.permissions, 'classes', r.classes)::text "
    "FROM staff_role r WHERE r.tenant_id = s.tenant_id AND r.key = s.role) AS made, "
    "ARRAY(SELECT w.store_id FROM staff_store w WHERE w.tenant_id = s.tenant_id "
    "AND w.staff_id = s.id ORDER BY w.store_id) AS stores"
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role; `label` maps a language ("zh", "en") to its name, `permissions` keys to scopes."""

    key: str
    label: Mapping[str, str]
    permissions: Mapping[str, Scope]
    classes: frozenset[FieldClass]
    is_ready_made: bool = False

    @property
    def scope(self) -> Scope:
        """Whose members it is narrowed to: a role is narrowed in one way only."""
        narrower = {scope for scope in self.permissions.values() if scope is not Scope.ALL}
        return narrower.pop() if narrower else Scope.ALL


@dataclass(frozen=True, slots=True)
class _ReadyMade:
    label: Mapping[str, str]
    classes: frozenset[FieldClass]
    scope: Scope = Scope.ALL


READY_MADE: Mapping[str, _ReadyMade] = {
    ADMIN: _ReadyMade({"zh": "管理员", "en": "Administrator"}, EVERY_CLASS),
    "operator": _ReadyMade({"zh": "运营", "en": "Operator"}, frozenset({FieldClass.MONEY})),
    "clerk": _ReadyMade(
        {"zh": "店员", "en": "Store clerk"}, frozenset({FieldClass.CONTACT, FieldClass.MONEY})
    ),
    ADVISOR: _ReadyMade(
        {"zh": "顾问", "en": "Advisor"},
        frozenset({FieldClass.CONTACT, FieldClass.MONEY}),
        Scope.OWN,
    ),
    "finance": _ReadyMade({"zh": "财务", "en": "Finance"}, frozenset({FieldClass.MONEY})),
    "auditor": _ReadyMade(
        {"zh": "审计", "en": "Auditor"}, frozenset({FieldClass.SENSITIVE, FieldClass.MONEY})
    ),
}


def ready_made_role(key: str) -> Role:
    """A ready-made role, with what is declared now; RoleUnknown for any other."""
    made = READY_MADE.get(key)
    if made is None:
        raise RoleUnknown(role=key, roles=", ".join(READY_MADE))
    return Role(
        key,
        made.label,
        {
            permission.key: made.scope if made.scope in permission.scopes else Scope.ALL
            for permission in declared_permissions().values()
            if key == ADMIN or key in permission.roles
        },
        made.classes,
        is_ready_made=True,
    )


def role_of_row(row: Mapping[str, Any]) -> Role:
    """A role that a tenant made. What is not declared any more (a plugin is gone) is left out."""
    known: Mapping[str, Permission] = declared_permissions()
    held: dict[str, str] = row["permissions"]
    return Role(
        row["key"],
        {"zh": row["label_zh"], "en": row["label_en"]},
        {key: Scope(scope) for key, scope in sorted(held.items()) if key in known},
        frozenset(FieldClass(each) for each in row["classes"]),
    )


def rights_of(role: Role, staff_id: UUID, stores: Sequence[UUID] = ()) -> Rights:
    """What somebody in this role may do and see."""
    narrowed = [key for key, scope in role.permissions.items() if scope is not Scope.ALL]
    own_stores = tuple(stores) if role.scope is Scope.STORES else ()
    within = Within(role.scope, staff_id, own_stores) if narrowed else None
    return Rights.of(role.permissions, role.classes, narrowed, within)


def rights_in(row: Mapping[str, Any]) -> Rights:
    """The rights of a row of staff that was read with `OF_THE_ROLE`; none in a role that is gone."""
    key, made = row["role"], row["made"]
    if made is not None:
        held = orjson.loads(made)
        role = role_of_row({**held, "key": key, "label_zh": "", "label_en": ""})
    elif key in READY_MADE:
        role = ready_made_role(key)
    else:
        return Rights()
    return rights_of(role, row["id"], row["stores"])


async def own_roles() -> list[Role]:
    """The roles that this tenant made, by key."""
    rows = await fetch(
        "SELECT key, label_zh, label_en, permissions::text AS permissions, classes::text AS classes "
        "FROM staff_role WHERE tenant_id = $1 ORDER BY key"
    )
    return [
        role_of_row(
            {
                **row,
                "permissions": orjson.loads(row["permissions"]),
                "classes": orjson.loads(row["classes"]),
            }
        )
        for row in rows
    ]


async def all_roles() -> list[Role]:
    """Every role that somebody can have here: the ready-made ones first."""
    return [*map(ready_made_role, READY_MADE), *await own_roles()]


async def checked_role(key: str) -> str:
    """The key itself, or RoleUnknown."""
    roles = [role.key for role in await all_roles()]
    if key not in roles:
        raise RoleUnknown(role=key, roles=", ".join(roles))
    return key


async def role_of(key: str) -> Role | None:
    """The role; None for one that is not there."""
    return next((role for role in await all_roles() if role.key == key), None)


async def governs(key: str) -> bool:
    """Whether people in this role govern others: may manage staff or roles, or decide approvals."""
    role = await role_of(key)
    return role is not None and not GOVERNING.isdisjoint(role.permissions)


async def seeing_roles() -> Mapping[str, Scope]:
    """The roles that see members, with whose: a role that has what is to be done for some members
    only is narrowed to these as well."""
    seeing = (role for role in await all_roles() if MEMBERS_READ.key in role.permissions)
    return {
        role.key: role.scope
        if Scope.ALL is not role.permissions.get(TASKS_READ.key, Scope.ALL)
        else role.permissions[MEMBERS_READ.key]
        for role in seeing
    }


async def advising_roles() -> list[str]:
    """The roles whose people look after members of their own: only these are dealt members."""
    return [
        role.key for role in await all_roles() if role.permissions.get("members.read") is Scope.OWN
    ]


async def minding_roles() -> frozenset[str]:
    """The roles whose people see every member and do tasks: what is given to one of them, whoever
    it is about, is seen by somebody."""
    return frozenset(
        role.key
        for role in await all_roles()
        if role.permissions.get("members.read") is Scope.ALL and "tasks.work" in role.permissions
    )
