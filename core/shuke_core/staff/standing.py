"""Who somebody of the staff is now, by their id: for what is done later and in their name."""

from dataclasses import dataclass
from uuid import UUID

from shuke_core.access.rights import Rights
from shuke_core.kit.transactions import fetch_one
from shuke_core.staff.roles import OF_THE_ROLE, rights_in


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who works here, and what they may do and see at this moment."""

    id: UUID
    handle: str
    name: str
    rights: Rights


async def standing_of(staff_id: UUID | None) -> Standing | None:
    """How they stand; None for nobody, and for who has left."""
    row = await fetch_one(
        f"SELECT s.id, s.handle, s.name, {OF_THE_ROLE} FROM staff s "
        "WHERE s.tenant_id = $1 AND s.id = $2 AND s.state = 'active'",
        staff_id,
    )
    return Standing(row["id"], row["handle"], row["name"], rights_in(row)) if row else None
