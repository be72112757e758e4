"""Who a member is now: of one who was merged, the id goes on naming who they became.

Whoever writes rows of members holds the members first, and writes for who they are now. A merge, its
undo and an erasure lock the same rows for themselves, with all that were merged into them, and read
after: so they see what was written before, and what comes later finds the survivor.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.errors import MemberUnknown


async def hold_members(member_ids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Who each of these members is now; nobody merges them until the unit ends.

    Ids that are not there are left out.
    """
    rows = await fetch(
        "SELECT named, who FROM member_hold($1, $2::uuid[])", sorted(set(member_ids))
    )
    return {row["named"]: row["who"] for row in rows}


async def member_now(member_id: UUID) -> UUID:
    """Who that is now, as it looks without waiting for anybody; an unknown id stays itself."""
    row = await fetch_one(
        "SELECT coalesce(m.merged_into_id, m.id) AS now FROM member m "
        "WHERE m.tenant_id = $1 AND m.id = $2",
        member_id,
    )
    return row["now"] if row else member_id


async def lock_member(member_id: UUID) -> UUID:
    """Who that is now, locked for oneself until the unit ends; raises MemberUnknown for who is
    neither a member nor a visitor."""
    for _ in range(2):  # once more for who was merged while it waited
        rows = await fetch(
            "SELECT id FROM member WHERE tenant_id = $1 AND id = $2 "
            "AND state IN ('visitor', 'active') FOR UPDATE",
            await member_now(member_id),
        )
        if rows:
            found: UUID = rows[0]["id"]
            return found
    raise MemberUnknown()
