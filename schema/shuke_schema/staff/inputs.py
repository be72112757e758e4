"""GraphQL inputs of staff: what a role is to have."""

import strawberry

from shuke_core.staff.role_services import Grant, Wanted
from shuke_schema.staff.enums import FieldClass, Scope


@strawberry.input(description="A permission, and whose rows it is to hold for.")
class GrantInput:
    permission: str
    scope: Scope = Scope.ALL


@strawberry.input(
    description="What a role is to have. It is narrowed in one way only: to own members, or to own "
    "stores. Nothing may be in it that you do not hold yourself."
)
class RoleInput:
    label: str
    label_zh: str
    grants: list[GrantInput]
    field_classes: list[FieldClass]

    def wanted(self) -> Wanted:
        """The same for the domain."""
        return Wanted(
            self.label,
            self.label_zh,
            tuple(Grant(each.permission, each.scope) for each in self.grants),
            tuple(self.field_classes),
        )
