"""What a GraphQL operation knows: the tenant, and who is asking."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from shuke_core.access.rights import Rights
from shuke_core.kit.errors import ShukeError
from shuke_core.staff.services import StaffCard
from shuke_core.tenants.queries import TenantCard
from shuke_schema.rights import NOBODY


@dataclass(frozen=True, slots=True)
class Told:
    """What an outside system has told before the unit of work began, or its refusal."""

    answer: Any = None
    refusal: ShukeError | None = None

    def take(self) -> Any:
        """The answer; raises the refusal."""
        if self.refusal is not None:
            raise self.refusal
        return self.answer


@dataclass(frozen=True, slots=True)
class Context:
    """One operation of one tenant: by a member, by somebody of the staff, or by a visitor.

    With `bearer`, the digest of a token, nobody has looked yet whose it is: the only field of the
    operation does (`http/lean.py`). `told` is what a field that asks outside first
    (`http/outside.py`) has been told.
    """

    tenant: TenantCard
    member_id: UUID | None = None
    staff: StaffCard | None = None
    rights: Rights = NOBODY
    bearer: bytes | None = None
    told: Told | None = None

    @property
    def is_known(self) -> bool:
        """Whether anybody is logged in."""
        return self.member_id is not None or self.staff is not None

    @property
    def caller(self) -> str:
        """Whose idempotency keys these are."""
        if self.staff is not None:
            return f"staff:{self.staff.id}"
        return f"member:{self.member_id}"


ShukeInfo = Info[Context, None]


def staff_of(info: ShukeInfo) -> StaffCard:
    """Who of the staff is asking; fields that ask for a permission of staff are asked by nobody
    else."""
    assert info.context.staff is not None  # noqa: S101
    return info.context.staff


def told_to(info: ShukeInfo) -> Any:
    """What the outside system has told the field that is being resolved; raises its refusal."""
    assert info.context.told is not None  # noqa: S101 (the door asks before it begins)
    return info.context.told.take()


def opaque(row_id: UUID) -> strawberry.ID:
    """An id as clients see it."""
    return strawberry.ID(str(row_id))


def id_of(text: str) -> UUID | None:
    """The row that an id of a client names; None for what can't be one."""
    try:
        return UUID(text)
    except ValueError:
        return None
