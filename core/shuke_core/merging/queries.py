"""Reads of merging: who may be one person twice, what two of them hold, and which merges there were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.access.rights import FieldClass
from shuke_core.kit.transactions import fetch
from shuke_core.members.doubles import DoubleReason
from shuke_core.members.following import member_now
from shuke_core.members.holdings import Label, declared_holdings
from shuke_core.members.queries import Member
from shuke_core.merging.moves import count_holdings
from shuke_core.projection.declare import ID, Projection, column, one
from shuke_core.projection.reads import Read


def _now(column: str) -> str:
    """The condition that finds who a member in that column is now.

    Row security lets an index serve what leaks nothing: a CASE, and neither COALESCE nor a sub-select
    that is compared. Those read all members.
    """
    return (
        f"EXISTS (SELECT FROM member a WHERE a.tenant_id = :tenant AND a.id = parent.{column} AND "
        "this.id = CASE WHEN a.merged_into_id IS NULL THEN a.id ELSE a.merged_into_id END)"
    )


class MergeCandidate(Projection, table="merge_candidate"):
    """A member who may be the same person as one who joined before, as they both are now."""

    id: ID
    member: Member | None = one(_now("member_id"))
    older: Member | None = one(_now("older_id"))
    reason: DoubleReason
    found_at: datetime


class Merge(Projection, table="member_merge"):
    """A merge as it is recorded."""

    id: ID
    member: Member | None = one(_now("survivor_id"))
    absorbed_id: ID
    reason: str = column("reason", see=FieldClass.SENSITIVE)
    merged_at: datetime
    undo_until: datetime
    undone_at: datetime | None


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


def merge_candidates(first: int, after: str | None) -> Read:
    """Pairs who may be one person, those found last first."""
    given = {"first": first, "after": after}
    return Read.page(
        MergeCandidate,
        "this.state = 'open'",
        newest="found_at",
        listed="merging.candidates",
        given=given,
    )


def merges(first: int, after: str | None) -> Read:
    """The merges of the tenant, the last first; those undone as well."""
    given = {"first": first, "after": after}
    return Read.page(Merge, newest="merged_at", listed="merging.merges", given=given)


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
