"""Where each reaction stands in its tenant's history: read, locked, moved, passed on."""

from collections.abc import Collection, Mapping

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch

MOST_PASSED = 50_000  # positions whose types nobody here wants are looked through in one go

# A reaction with an event of its types ahead, or without a cursor yet, has something to do, and so
# has one further behind than that: it goes window by window, and says that there is more. The others
# are moved on where nobody holds or has moved their cursor meanwhile.
_PASS_BY = f"""
WITH reaction AS (
    SELECT r.name, c.position, l.position AS last
      FROM unnest($2::text[]) AS r(name)
      LEFT JOIN relay l ON l.tenant_id = $1
      LEFT JOIN reaction_cursor c ON c.tenant_id = $1 AND c.name = r.name
     WHERE c.position IS NULL OR c.position < l.position
), busy AS (
    SELECT r.name FROM reaction r
     WHERE r.position IS NULL OR r.last > r.position + {MOST_PASSED} OR EXISTS (
           SELECT FROM event e
             JOIN unnest($3::text[], $4::text[]) AS w(name, type) ON w.type = e.type
            WHERE e.tenant_id = $1 AND w.name = r.name
              AND e.position > r.position AND e.position <= r.last)
), idle AS (
    SELECT c.id, r.last FROM reaction_cursor c JOIN reaction r ON r.name = c.name
     WHERE c.tenant_id = $1 AND c.position = r.position
       AND NOT EXISTS (SELECT FROM busy b WHERE b.name = r.name)
       FOR UPDATE OF c SKIP LOCKED
), moved AS (
    UPDATE reaction_cursor c SET position = i.last FROM idle i
     WHERE c.tenant_id = $1 AND c.id = i.id
)
SELECT name FROM busy
"""


async def pass_by(wanted: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Moves the cursors of reactions past events that are not of their types, in one statement;
    `wanted` holds the types by reaction. Answers who has something to do."""
    pairs = [(name, each) for name, types in wanted.items() for each in types]
    rows = await fetch(
        _PASS_BY,
        *(list(wanted), [name for name, _ in pairs], [each for _, each in pairs]),
    )
    return frozenset(row["name"] for row in rows)


async def lock_cursor(name: str, *, wait: bool = False) -> tuple[int, int] | None:
    """The reaction's position, locked, and the last one there is; None before the tenant's first
    event, and while another worker holds it, unless it is to be waited for."""
    locked = (
        "SELECT c.position, l.position AS head FROM reaction_cursor c "
        "JOIN relay l ON l.tenant_id = c.tenant_id WHERE c.tenant_id = $1 AND c.name = $2 "
        f"FOR UPDATE OF c{'' if wait else ' SKIP LOCKED'}"
    )
    rows = await fetch(locked, name)
    if not rows:
        await fetch(
            "INSERT INTO reaction_cursor (tenant_id, id, name, position) VALUES ($1, $2, $3, 0) "
            "ON CONFLICT (tenant_id, name) DO NOTHING",
            *(new_id(), name),
        )
        rows = await fetch(locked, name)
    return (rows[0]["position"], rows[0]["head"]) if rows else None


async def move_cursor(name: str, position: int) -> None:
    """The reaction has dealt with everything up to this position."""
    await fetch(
        "UPDATE reaction_cursor SET position = $3 WHERE tenant_id = $1 AND name = $2",
        *(name, position),
    )
