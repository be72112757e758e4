"""Nobody gives, takes or resets what they do not hold: neither a right, nor somebody who has it.

Whoever acts is asked about by their own row, as it is in this unit. The system itself, which is the
command line on the host, holds everything; a key holds nothing.
"""

from collections.abc import Collection
from uuid import UUID

from shuke_core.access.rights import Rights, Scope
from shuke_core.audit.actors import SYSTEM, current_actor
from shuke_core.kit.transactions import fetch_one
from shuke_core.staff.errors import RoleTooMighty
from shuke_core.staff.roles import OF_THE_ROLE, Role, rights_in, role_of
from shuke_core.tenants.errors import StoreUnknown


async def check_holds(role: Role) -> None:
    """Raises RoleTooMighty unless the actor has all that the role has, as widely."""
    held = await _held()
    if held is None:
        return
    for key, scope in role.permissions.items():
        if key not in held.permissions or held.scope_of(key) not in (Scope.ALL, scope):
            raise RoleTooMighty(what=f"{key} for {scope.value}")
    for field_class in sorted(role.classes - held.classes, key=lambda each: each.value):
        raise RoleTooMighty(what=f"{field_class.value} fields")


async def check_holds_role(key: str) -> None:
    """The same of a role by its key; one that is gone holds nothing."""
    role = await role_of(key)
    if role is not None:
        await check_holds(role)


async def check_holds_stores(stores: Collection[UUID]) -> None:
    """Raises StoreUnknown where the actor is narrowed, and not to all of these stores."""
    held = await _held()
    if held is not None and held.within and not set(stores) <= set(held.within.stores):
        raise StoreUnknown()


async def _held() -> Rights | None:
    """What the actor may do; None for the system, which may do everything."""
    actor = current_actor()
    if actor == SYSTEM:
        return None
    row = actor.kind == "staff" and await fetch_one(
        f"SELECT s.id, {OF_THE_ROLE} FROM staff s "
        "WHERE s.tenant_id = $1 AND s.id = $2 AND s.state = 'active'",
        actor.id,
    )
    return rights_in(row) if row else Rights()
