"""The verbs of roles that a tenant makes: make one, change it, remove it.

Nobody grants what they do not hold: neither a permission, nor a wider scope, nor a class of fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson

from shuke_core.access.permissions import ROLES_MANAGE, declared_permissions
from shuke_core.access.rights import FieldClass, Scope
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.staff.errors import (
    PermissionUnknown,
    RoleExists,
    RoleInUse,
    RoleReadyMade,
    RoleUnknown,
    ScopeUnfit,
)
from shuke_core.staff.events import StaffChanged
from shuke_core.staff.holding import check_holds
from shuke_core.staff.roles import GOVERNING, READY_MADE, Role, all_roles, own_roles
from shuke_core.stepup.operations import Arguments, demands_step_up
from shuke_core.tenants.services import checked_name, checked_slug


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission, and whose rows it is to hold for."""

    permission: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a role is to have, by the names that the API gives it: a step-up is bound to all of it."""

    label: str
    label_zh: str
    grants: tuple[Grant, ...]
    field_classes: tuple[FieldClass, ...]

    def role(self, key: str) -> Role:
        """The role under this key. Raises ScopeUnfit where a permission is named twice."""
        permissions = {each.permission: each.scope for each in self.grants}
        if len(permissions) != len(self.grants):
            raise ScopeUnfit(why="a permission is had in one scope")
        labels = {"zh": self.label_zh, "en": self.label}
        return Role(key, labels, permissions, frozenset(self.field_classes))


def _named(given: Arguments) -> list[str]:
    """The permissions of a wanted role, those that govern first: a summary may be cut short."""
    named = {str(each["permission"]) for each in given["role"]["grants"]}
    return sorted(named, key=lambda key: (key not in GOVERNING, key))


async def _governing(given: Arguments) -> int:
    """1 for a role whose people govern others: who has it is no less than an administrator."""
    return int(not GOVERNING.isdisjoint(_named(given)))


async def _what(given: Arguments) -> str:
    return f"{given['key']} → {', '.join(_named(given))}"


async def _which(given: Arguments) -> str:
    return str(given["key"])


@demands_step_up(
    "roles.create",
    {"zh": "新建角色", "en": "Make a role"},
    ROLES_MANAGE,
    describe=_what,
    measure=_governing,
)
async def create_role(key: str, role: Wanted) -> None:
    """Makes the role. Raises SlugInvalid, NameInvalid, RoleExists, and what `_check` refuses."""
    checked_slug(key, "role")
    made = role.role(key)
    await _check(made)
    if key in READY_MADE:
        raise RoleExists(role=key)
    rows = await fetch(
        "INSERT INTO staff_role (tenant_id, id, key, label_zh, label_en, permissions, classes, "
        "changed_at) VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb, $8) "
        "ON CONFLICT (tenant_id, key) DO NOTHING RETURNING id",
        *(new_id(), key, *_written(made), clock.now()),
    )
    if not rows:
        raise RoleExists(role=key)
    await record("role.created", f"role:{key}", changes={"role": (None, _shown(made))})


@demands_step_up(
    "roles.change",
    {"zh": "更改角色权限", "en": "Change a role"},
    ROLES_MANAGE,
    describe=_what,
    measure=_governing,
)
async def change_role(key: str, role: Wanted) -> None:
    """Gives the role other labels, permissions and classes; whoever has it has them within seconds,
    on open sockets too. Raises RoleUnknown, RoleReadyMade, and what `_check` refuses: also of what
    the role held before, or somebody could take from others what they do not hold themselves.
    """
    before, after = await _own(key), role.role(key)
    await check_holds(before)
    await _check(after)
    await fetch(
        "UPDATE staff_role SET label_zh = $3, label_en = $4, permissions = $5::text::jsonb, "
        "classes = $6::text::jsonb, changed_at = $7 WHERE tenant_id = $1 AND key = $2",
        *(key, *_written(after), clock.now()),
    )
    await record("role.changed", f"role:{key}", changes={"role": (_shown(before), _shown(after))})
    for staff_id in await _holders(key):
        announce(StaffChanged(staff_id))


@demands_step_up(
    "roles.remove", {"zh": "删除角色", "en": "Remove a role"}, ROLES_MANAGE, describe=_which
)
async def remove_role(key: str) -> None:
    """Removes the role. Raises RoleUnknown, RoleReadyMade, RoleInUse while somebody has it, and
    RoleTooMighty."""
    before = await _own(key)
    await check_holds(before)
    if await _holders(key):
        raise RoleInUse(role=key)
    await fetch("DELETE FROM staff_role WHERE tenant_id = $1 AND key = $2", key)
    await record("role.removed", f"role:{key}", changes={"role": (_shown(before), None)})


async def _check(role: Role) -> None:
    """Raises PermissionUnknown, ScopeUnfit, RoleTooMighty."""
    known = declared_permissions()
    narrower = {scope for scope in role.permissions.values() if scope is not Scope.ALL}
    if len(narrower) > 1:
        raise ScopeUnfit(why="a role is narrowed to own members or to own stores, not to both")
    for key, scope in role.permissions.items():
        if key not in known:
            raise PermissionUnknown(key=key)
        if scope not in known[key].scopes:
            raise ScopeUnfit(why=f"{key} can't be had for {scope.value}")
    await check_holds(role)


async def _own(key: str) -> Role:
    """The tenant's own role, its row locked."""
    if key in READY_MADE:
        raise RoleReadyMade(role=key)
    await fetch("SELECT id FROM staff_role WHERE tenant_id = $1 AND key = $2 FOR UPDATE", key)
    for role in await own_roles():
        if role.key == key:
            return role
    raise RoleUnknown(role=key, roles=", ".join(each.key for each in await all_roles()))


async def _holders(key: str) -> list[UUID]:
    rows = await fetch(
        "SELECT id FROM staff WHERE tenant_id = $1 AND role = $2 AND state <> 'left' ORDER BY id",
        key,
    )
    return [row["id"] for row in rows]


def _written(role: Role) -> tuple[str, str, str, str]:
    return (
        checked_name(role.label["zh"], "role"),
        checked_name(role.label["en"], "role"),
        orjson.dumps(_scopes(role.permissions)).decode(),
        orjson.dumps(_classes(role.classes)).decode(),
    )


def _scopes(permissions: Mapping[str, Scope]) -> dict[str, str]:
    return {key: scope.value for key, scope in sorted(permissions.items())}


def _classes(classes: frozenset[FieldClass]) -> list[str]:
    return sorted(each.value for each in classes)


def _shown(role: Role) -> dict[str, object]:
    return {"permissions": _scopes(role.permissions), "classes": _classes(role.classes)}
