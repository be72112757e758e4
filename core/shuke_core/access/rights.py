"""Classes of fields, and what one caller is allowed: permissions and classes.

Rights are settled when a document is planned: what it asks for is compared with them once. Whose
rows a caller sees is another matter: `within`, which the database itself holds them to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID


class FieldClass(Enum):
    """How closely a field is kept. Each field of the API has one."""

    PUBLIC = "public"  # whoever may see the object at all
    CONTACT = "contact"  # leads to a person: phones, addresses
    SENSITIVE = "sensitive"  # secrets, and what a person would not tell everybody
    MONEY = "money"  # amounts of money


class Scope(Enum):
    """Whose rows a permission holds for."""

    OWN = "own"  # of the members that somebody looks after
    STORES = "stores"  # of the members of the stores that somebody works at
    ALL = "all"


EVERY_CLASS = frozenset(FieldClass)


@dataclass(frozen=True, slots=True)
class Within:
    """To whose members somebody is narrowed: their own, or those of their stores."""

    scope: Scope
    staff_id: UUID
    stores: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Rights:
    """What a caller may do (permission keys) and see (classes of fields). Compared by value.

    The permissions in `narrowed` hold only `within`; one that is not among them holds everywhere.
    """

    permissions: frozenset[str] = frozenset()
    classes: frozenset[FieldClass] = field(default=frozenset({FieldClass.PUBLIC}))
    narrowed: frozenset[str] = frozenset()
    within: Within | None = None

    @classmethod
    def of(
        cls,
        permissions: Iterable[str],
        classes: Iterable[FieldClass],
        narrowed: Iterable[str] = (),
        within: Within | None = None,
    ) -> "Rights":
        """Rights of these; whoever may see an object at all sees what is public of it."""
        return cls(
            frozenset(permissions),
            frozenset(classes) | {FieldClass.PUBLIC},
            frozenset(narrowed) if within else frozenset(),
            within,
        )

    def within_for(self, permissions: Iterable[str]) -> Within | None:
        """To whose members an act is narrowed that needs all of these permissions."""
        return self.within if not self.narrowed.isdisjoint(permissions) else None

    def scope_of(self, permission: str) -> Scope:
        """Whose rows a permission that is held holds for."""
        return self.within.scope if self.within and permission in self.narrowed else Scope.ALL
