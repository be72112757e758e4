"""Who may be one person twice: noted as it shows, for staff to look at. They merge, or
dismiss it.

A pair is noted once for each reason, the one who joined later first. What comes of it when members
are merged is in `merging`.
"""

from enum import Enum
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch


class DoubleReason(Enum):
    """Why two members may be one person."""

    IDENTITY = "identity"  # WeChat says so: the OpenID is the one's, the UnionID the other's
    PHONE = "phone"  # the one has verified a phone that is the other's
    NAME_AND_BIRTHDAY = "name_and_birthday"


_A_STEP = 10_000  # pairs

_NOTE = """
INSERT INTO merge_candidate (tenant_id, id, member_id, older_id, reason, state, found_at)
SELECT $1, gen_random_uuid(), m.id, o.id, $4, 'open', $5 FROM member m, member o
 WHERE m.tenant_id = $1 AND m.id = ANY (ARRAY[$2, $3]::uuid[])
   AND o.tenant_id = $1 AND o.id = ANY (ARRAY[$2, $3]::uuid[])
   AND (o.joined_at, o.id) < (m.joined_at, m.id)
   AND m.state IN ('visitor', 'active') AND o.state IN ('visitor', 'active')
    ON CONFLICT (tenant_id, member_id, older_id, reason) DO NOTHING
"""
_LIKE_THIS = """
INSERT INTO merge_candidate (tenant_id, id, member_id, older_id, reason, state, found_at)
SELECT $1, gen_random_uuid(), CASE WHEN later THEN m.id ELSE o.id END,
       CASE WHEN later THEN o.id ELSE m.id END, $3, 'open', $4
  FROM member m
 CROSS JOIN LATERAL (
       SELECT o.id, (o.joined_at, o.id) < (m.joined_at, m.id) AS later FROM member o
        WHERE o.tenant_id = $1 AND o.birthday = m.birthday AND o.name = m.name AND o.id <> m.id
          AND o.state = 'active' ORDER BY o.joined_at, o.id LIMIT 1) o
 WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'active' AND m.name > ''
    ON CONFLICT (tenant_id, member_id, older_id, reason) DO NOTHING
"""
_ALL_ALIKE = """
INSERT INTO merge_candidate (tenant_id, id, member_id, older_id, reason, state, found_at)
SELECT $1, gen_random_uuid(), m.id, m.older_id, $2::varchar, 'open', $3 FROM (
       SELECT id, first_value(id) OVER (PARTITION BY birthday, name ORDER BY joined_at, id) AS older_id
         FROM member
        WHERE tenant_id = $1 AND birthday IS NOT NULL AND name > '' AND state = 'active') m
 WHERE m.id <> m.older_id
   AND NOT EXISTS (SELECT FROM merge_candidate c WHERE c.tenant_id = $1 AND c.member_id = m.id
                      AND c.older_id = m.older_id AND c.reason = $2::varchar)
 LIMIT $4
    ON CONFLICT (tenant_id, member_id, older_id, reason) DO NOTHING
RETURNING id
"""
_ALIKE_NO_MORE = """
DELETE FROM merge_candidate c USING member m, member o
 WHERE c.tenant_id = $1 AND c.state = 'open' AND c.reason = $2
   AND m.tenant_id = $1 AND m.id = c.member_id AND o.tenant_id = $1 AND o.id = c.older_id
   AND (m.name, m.birthday, m.state, o.state)
       IS DISTINCT FROM (o.name, o.birthday, 'active'::varchar, 'active'::varchar)
"""


async def note_double(one_id: UUID, other_id: UUID, reason: DoubleReason) -> None:
    """Notes that the two may be one person; noted already, or decided, it stays as it is. Who was
    merged is nobody's double."""
    await fetch(_NOTE, one_id, other_id, reason.value, clock.now())


async def dismiss_double(candidate_id: UUID) -> UUID | None:
    """Staff have found that they are two: whatever was noted of the pair is dismissed, and stays so when
    it is found again. Another reason that shows later is noted. Returns the one who joined later, as
    the pair names them; None where there is no such open pair.
    """
    rows = await fetch(
        "UPDATE merge_candidate c SET state = 'dismissed' FROM merge_candidate named "
        "WHERE named.tenant_id = $1 AND named.id = $2 AND named.state = 'open' "
        "AND c.tenant_id = $1 AND c.member_id = named.member_id AND c.older_id = named.older_id "
        "AND c.state = 'open' RETURNING c.member_id",
        candidate_id,
    )
    return rows[0]["member_id"] if rows else None


async def forget_double(one_id: UUID, other_id: UUID, reason: DoubleReason) -> None:
    """What gave the reason is over: the phone is the other's by now."""
    await fetch(
        "DELETE FROM merge_candidate WHERE tenant_id = $1 AND reason = $4 AND state = 'open' "
        "AND (member_id, older_id) IN (($2, $3), ($3, $2))",
        *(one_id, other_id, reason.value),
    )


async def note_who_is_alike(member_id: UUID) -> None:
    """Notes the member and the first who has their name and birthday, if there is one; whoever has
    told no birthday is nobody's double."""
    await fetch(_LIKE_THIS, member_id, DoubleReason.NAME_AND_BIRTHDAY.value, clock.now())


async def note_all_alike() -> bool:
    """The same for all members, each with the one who joined first; those that are alike no more are
    forgotten. What came in by import, and two who became alike in one moment, is found so. Says
    whether there may be more."""
    alike = DoubleReason.NAME_AND_BIRTHDAY.value
    await fetch(_ALIKE_NO_MORE, alike)
    rows = await fetch(_ALL_ALIKE, alike, clock.now(), _A_STEP)
    return len(rows) == _A_STEP
