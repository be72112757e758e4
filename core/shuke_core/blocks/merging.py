"""Blocks when members are merged: of two for one purpose the one that ends later is in force.

What the absorbed had stays with them, and the survivor gets the same; what the survivor had in its
place is set aside. So an undo finds both as they were. What was decided since stays with the survivor.
"""

from uuid import UUID

from shuke_core.kit.transactions import fetch

# What the absorbed has and the survivor has not, or not for so long. Where the one followed upon the
# other, it holds from the start of both: what came meanwhile stays withheld.
_BROUGHT = """
SELECT r.id, s.id AS replaces,
       CASE WHEN s.until IS NULL OR s.until >= r.blocked_at
            THEN least(r.blocked_at, s.blocked_at) ELSE r.blocked_at END AS since
  FROM member_block r
  LEFT JOIN member_block s ON s.tenant_id = $1 AND s.member_id = $2 AND s.purpose = r.purpose
        AND s.set_aside_by_id IS NULL
 WHERE r.tenant_id = $1 AND r.member_id = $3 AND r.set_aside_by_id IS NULL
   AND (s.id IS NULL OR coalesce(r.until, 'infinity') > coalesce(s.until, 'infinity'))
"""


async def merge_blocks(merge_id: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """The survivor is blocked as either was, for the longer. Both members are locked already."""
    brought = await fetch(_BROUGHT, survivor_id, absorbed_id)
    if not brought:
        return
    await fetch(
        "UPDATE member_block SET set_aside_by_id = $2 WHERE tenant_id = $1 "
        "AND id = ANY ($3::uuid[])",
        *(merge_id, [row["replaces"] for row in brought if row["replaces"]]),
    )
    await fetch(
        "INSERT INTO member_block (tenant_id, id, member_id, purpose, reason, until, actor_id, "
        "actor_name, blocked_at, brought_by_id) "
        "SELECT $1, gen_random_uuid(), $3, r.purpose, r.reason, r.until, r.actor_id, r.actor_name, "
        "b.since, $2 FROM unnest($4::uuid[], $5::timestamptz[]) AS b(id, since) "
        "JOIN member_block r ON r.tenant_id = $1 AND r.id = b.id",
        *(merge_id, survivor_id),
        *([row[column] for row in brought] for column in ("id", "since")),
    )


async def unmerge_blocks(merge_id: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """What the merge brought goes, and what it set aside takes its place again, be it in force or set
    aside by another merge. Where somebody has decided anew since, that is what holds."""
    gone = await fetch(
        "DELETE FROM member_block WHERE tenant_id = $1 AND member_id = $2 AND brought_by_id = $3 "
        "RETURNING purpose, set_aside_by_id",
        *(survivor_id, merge_id),
    )
    await fetch(
        "UPDATE member_block s SET set_aside_by_id = g.aside "
        "FROM unnest($4::text[], $5::uuid[]) AS g(purpose, aside) "
        "WHERE s.tenant_id = $1 AND s.member_id = $2 AND s.set_aside_by_id = $3 "
        "AND s.purpose = g.purpose",
        *(survivor_id, merge_id),
        *([row[column] for row in gone] for column in ("purpose", "set_aside_by_id")),
    )
    await fetch(
        "DELETE FROM member_block WHERE tenant_id = $1 AND member_id = $2 AND set_aside_by_id = $3",
        *(survivor_id, merge_id),
    )
