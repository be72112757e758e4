"""Pairs who may be one person, when members are merged: what a merge has settled is closed, and open
again when it is undone."""

from uuid import UUID

from shuke_core.kit.transactions import fetch

# Pairs that name the survivor, or whoever is them now or is about to be: those that are one member by
# now, and of those that have come to say the same all but the first.
_CLOSE = """
WITH own AS (
    SELECT $3::uuid AS id UNION SELECT $4::uuid UNION
    SELECT a.id FROM member a WHERE a.tenant_id = $1 AND a.merged_into_id = $3
), named AS (
    SELECT c.id FROM own JOIN merge_candidate c ON c.tenant_id = $1 AND c.member_id = own.id
     WHERE c.state = 'open' UNION
    SELECT c.id FROM own JOIN merge_candidate c ON c.tenant_id = $1 AND c.older_id = own.id
     WHERE c.state = 'open'
), pair AS (
    SELECT c.id, c.reason,
           coalesce(nullif(coalesce(m.merged_into_id, m.id), $4), $3) AS one,
           coalesce(nullif(coalesce(o.merged_into_id, o.id), $4), $3) AS other
      FROM named JOIN merge_candidate c ON c.tenant_id = $1 AND c.id = named.id
      JOIN member m ON m.tenant_id = $1 AND m.id = c.member_id
      JOIN member o ON o.tenant_id = $1 AND o.id = c.older_id
), settled AS (
    SELECT id, one = other OR row_number() OVER (
               PARTITION BY reason, least(one, other), greatest(one, other) ORDER BY id) > 1 AS is_so
      FROM pair
)
UPDATE merge_candidate c SET state = 'closed', closed_by_id = $2
  FROM settled s WHERE c.tenant_id = $1 AND c.id = s.id AND s.is_so
"""


async def close_candidates(merge_id: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """What the merge has settled."""
    await fetch(_CLOSE, merge_id, survivor_id, absorbed_id)


async def reopen_candidates(merge_id: UUID, _survivor_id: UUID, _absorbed_id: UUID) -> None:
    """What it had settled is open again."""
    await fetch(
        "UPDATE merge_candidate SET state = 'open', closed_by_id = NULL "
        "WHERE tenant_id = $1 AND closed_by_id = $2",
        merge_id,
    )
