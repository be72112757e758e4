"""Who a member is now: of one who was merged, the id goes on naming who they became.

Whoever writes rows of members holds the members first, and writes for who they are now. A merge, its
undo and an erasure lock the same rows for themselves, with all that were merged into them, and read
after: so they see what was written before, and what comes later finds the survivor.
"""

from collections.abc import Iterable, Mapping
from typing import Literal
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


async def lock_member(
    member_id: UUID,
    strength: Literal["UPDATE", "NO KEY UPDATE", "KEY SHARE"] = "UPDATE",
    *,
    visitors: bool = True,
) -> UUID:
    """Who that is now, locked until the unit ends; raises MemberUnknown for who is neither a member
    nor, unless it is about members alone, a visitor.

    UPDATE keeps everybody else away, also those who write rows of theirs. NO KEY UPDATE keeps away who
    decides about the same member, KEY SHARE only merges and erasures.
    """
    states = "'visitor', 'active'" if visitors else "'active'"
    for _ in range(2):  # once more for who was merged while it waited
        rows = await fetch(
            "SELECT id FROM member WHERE tenant_id = $1 AND id = $2 "
            f"AND state IN ({states}) FOR {strength}",
            await member_now(member_id),
        )
        if rows:
            found: UUID = rows[0]["id"]
            return found
    raise MemberUnknown()
