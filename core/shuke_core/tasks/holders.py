"""Whose a member is: the one place in which tasks and interactions ask for it."""

from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_one
from shuke_core.staff.addressees import sees_member
from shuke_core.staff.presence import present
from shuke_core.staff.roles import READY_MADE


async def person_in_charge(member_id: UUID) -> UUID | None:
    """The member's advisor, if they are there; None for nobody, while they are away, and where they
    see the members of their stores and this is none."""
    row = await fetch_one(
        "SELECT s.id, s.role, m.store_id FROM member m JOIN staff s ON s.tenant_id = m.tenant_id "
        "AND s.id = m.advisor_id WHERE m.tenant_id = $1 AND m.id = $2 "
        f"AND {present('s', '$3')} FOR SHARE OF s",
        *(member_id, clock.now()),
    )
    if row is None:
        return None
    advisor: UUID = row["id"]
    # In a ready-made role they see all members, or their own, which this is.
    sees = row["role"] in READY_MADE or await sees_member(advisor, advisor, row["store_id"])
    return advisor if sees else None
