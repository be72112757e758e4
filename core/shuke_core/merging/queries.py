"""Reads of merging: who may be one person twice, what two of them hold, and which merges there were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.kit.conditions import Conditions
from shuke_core.kit.transactions import fetch
from shuke_core.members.following import member_now
from shuke_core.members.holdings import Label, declared_holdings
from shuke_core.merging.moves import count_holdings


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who has the name and the birthday of one who joined before."""

    id: UUID
    older_id: UUID
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """How many rows of a kind each of the two holds, for a look before they are merged."""

    label: Label
    survivor: int
    absorbed: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The two as they are now, and what of them would come together."""

    survivor_id: UUID
    absorbed_id: UUID
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge as it is recorded."""

    id: UUID
    survivor_id: UUID
    absorbed_id: UUID
    state: str
    reason: str
    merged_at: datetime
    undo_until: datetime
    undone_at: datetime | None


async def candidates_before(before: tuple[datetime, UUID] | None, limit: int) -> list[Candidate]:
    """Members who may be there twice, those who joined last first.

    Each is looked for among those of the same birthday and name, along one index; people who have
    told no birthday are nobody's double.
    """
    at, member_id = before or (None, None)
    wanted = (
        Conditions("m.tenant_id = $1", "m.state = 'active'", "m.birthday IS NOT NULL")
        .when("m.name > {}", "")
        .when("(m.joined_at, m.id) < ({}, {})", at, member_id)
    )
    rows = await fetch(
        "SELECT m.id, o.id AS older_id, m.joined_at FROM member m CROSS JOIN LATERAL ("
        "SELECT o.id FROM member o WHERE o.tenant_id = $1 AND o.birthday = m.birthday "
        "AND o.name = m.name AND o.state = 'active' AND (o.joined_at, o.id) < (m.joined_at, m.id) "
        "ORDER BY o.joined_at, o.id LIMIT 1) o "
        f"WHERE {wanted} ORDER BY m.joined_at DESC, m.id DESC LIMIT {wanted.limit(limit)}",
        *wanted.values,
    )
    return [Candidate(**row) for row in rows]


async def merge_preview(survivor_id: UUID, absorbed_id: UUID) -> Preview | None:
    """What a merge would bring together; None for ids that are not there, or are one already."""
    one, other = await member_now(survivor_id), await member_now(absorbed_id)
    there = await fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
        "AND state IN ('active', 'visitor')",
        [one, other],
    )
    if len(there) < 2:
        return None
    of_one, of_other = await count_holdings(one), await count_holdings(other)
    labels: Mapping[str, Label] = {
        table: declared_holdings()[table].label for table in of_one | of_other
    }
    sides = tuple(
        Side(label, of_one[table], of_other[table])
        for table, label in labels.items()
        if of_one[table] or of_other[table]
    )
    return Preview(one, other, sides)


async def merges_before(before: tuple[datetime, UUID] | None, limit: int) -> list[MergeRow]:
    """The merges of the tenant, the last first."""
    at, merge_id = before or (None, None)
    wanted = Conditions("tenant_id = $1").when("(merged_at, id) < ({}, {})", at, merge_id)
    rows = await fetch(
        "SELECT id, survivor_id, absorbed_id, state, reason, merged_at, undo_until, undone_at "
        f"FROM member_merge WHERE {wanted} ORDER BY merged_at DESC, id DESC "
        f"LIMIT {wanted.limit(limit)}",
        *wanted.values,
    )
    return [MergeRow(**row) for row in rows]
