"""Whom something is for: one of the staff, or whoever is in a role."""

from dataclasses import dataclass
from uuid import UUID

from shuke_core.access.rights import Scope
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.staff.errors import AddresseeBlind, AddresseeUnknown, RoleUnknown
from shuke_core.staff.roles import checked_role, seeing_roles


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, or a role. With both it is the person's, and goes back to the role from them."""

    staff_id: UUID | None = None
    role: str | None = None

    @property
    def route(self) -> str:
        """By what live items are routed: `staff:<id>` or `role:<key>`."""
        return route_to_person(self.staff_id) if self.staff_id else route_to_role(self.role or "")


def route_to_person(staff_id: UUID) -> str:
    """The key of live items for one person."""
    return f"staff:{staff_id}"


def route_to_role(role: str) -> str:
    """The key of live items for whoever is in a role."""
    return f"role:{role}"


async def check_addressee(addressee: Addressee) -> None:
    """Raises AddresseeUnknown unless the person works here and the role is one.

    The person's row is held, so that nobody leaves while something is given to them.
    """
    if addressee.staff_id is None and addressee.role is None:
        raise AddresseeUnknown()
    if addressee.role is not None:
        try:
            await checked_role(addressee.role)
        except RoleUnknown:
            raise AddresseeUnknown() from None
    if addressee.staff_id is not None and not await fetch(
        "SELECT id FROM staff WHERE tenant_id = $1 AND id = $2 AND state = 'active' FOR SHARE",
        addressee.staff_id,
    ):
        raise AddresseeUnknown()


async def check_sees_member(
    addressee: Addressee, advisor_id: UUID | None, store_id: UUID | None
) -> None:
    """Raises AddresseeBlind where what is about a member would be given to somebody who does not
    see them: to those who see their own members only, unless `advisor_id`, whose the member is; and
    to those who see the members of their stores, unless `store_id`, the member's, is one of them.
    """
    if addressee.staff_id is None:
        if (await seeing_roles()).get(addressee.role or "") is not Scope.ALL:
            raise AddresseeBlind()
    elif not await sees_member(addressee.staff_id, advisor_id, store_id):
        raise AddresseeBlind()


async def sees_member(person: UUID, advisor_id: UUID | None, store_id: UUID | None) -> bool:
    """Whether somebody sees a member whose advisor and store these are."""
    row = await fetch_one(
        "SELECT s.role, EXISTS (SELECT FROM staff_store w WHERE w.tenant_id = $1 "
        "AND w.staff_id = s.id AND w.store_id = $3) AS is_there FROM staff s "
        "WHERE s.tenant_id = $1 AND s.id = $2",
        *(person, store_id),
    )
    scope = (await seeing_roles()).get(row["role"]) if row else None
    if row and scope is Scope.STORES:
        return bool(row["is_there"])
    return scope is Scope.ALL or (scope is Scope.OWN and person == advisor_id)
