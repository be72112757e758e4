"""What a GraphQL operation knows: the tenant, and who is asking."""

from dataclasses import dataclass
from uuid import UUID

import strawberry
from strawberry.types import Info

from shuke_core.tenants.queries import TenantCard


@dataclass(frozen=True, slots=True)
class Context:
    """One operation of one tenant. `member_id` is None for a visitor who has not logged in."""

    tenant: TenantCard
    member_id: UUID | None


ShukeInfo = Info[Context, None]


def opaque(row_id: UUID) -> strawberry.ID:
    """An id as clients see it."""
    return strawberry.ID(str(row_id))
