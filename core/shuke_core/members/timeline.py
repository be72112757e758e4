"""The timeline of a member: what happened, from every domain, in one list, newest first.

Each domain declares its source in its room `timelines`. Whoever asks sees the sources that they have
the permission for; one statement reads them, each by its own index and no further than the page.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from uuid import UUID

from shuke_core.access.permissions import MEMBERS_READ, Permission
from shuke_core.access.rights import Rights
from shuke_core.kit.pagination import MOST_ROWS
from shuke_core.kit.transactions import fetch


class MomentKind(Enum):
    """What a moment of a timeline is of."""

    ORDER = "order"
    POINTS = "points"
    CAMPAIGN = "campaign"
    INTERACTION = "interaction"
    ASSIGNMENT = "assignment"
    NOTE = "note"
    STAFF_ACT = "staff_act"


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a table that are moments of a member's timeline.

    All but `table` and `at`, its column of time, is SQL over the row `this`; `$1` is the tenant, and
    `{who}` in `of_member` the member. An index leads with the tenant, what `of_member` compares, `at`
    and the id. `by_old_ids`: rows keep the id of their moment when members are merged, so those of
    whoever was merged into the member are read too, each along the same index.
    """

    kind: MomentKind
    permission: Permission
    table: str
    at: str
    of_member: str = "this.member_id = {who}"
    by_old_ids: bool = False
    what: str = "NULL"  # a word: a state, a kind, an act
    ref: str = "NULL"  # what a person knows it by
    by: str = "NULL"  # who of the staff
    points: str = "NULL"
    fen: str = "NULL"
    currency: str = "NULL"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened; `id` is that of its row in its own list."""

    kind: MomentKind
    id: UUID
    at: datetime
    what: str | None
    ref: str | None
    by: str | None
    points: int | None
    fen: int | None
    currency: str | None


# The member, and whoever was merged into them.
_OWN = (
    "SELECT $2::uuid AS id UNION ALL "
    "SELECT a.id FROM member a WHERE a.tenant_id = $1 AND a.merged_into_id = $2"
)
_sources: dict[MomentKind, Source] = {}


def declare_timeline(source: Source) -> None:
    """Makes the source known; refuses a second of its kind."""
    if source.kind in _sources:
        raise ValueError(f"{source.kind.value} has a source already")
    _sources[source.kind] = source


def declared_sources() -> dict[MomentKind, Source]:
    """Every source there is."""
    return dict(_sources)


def seen_kinds(rights: Rights) -> frozenset[MomentKind]:
    """What somebody sees of a timeline that they reached with `MEMBERS_READ`.

    What they hold for some members only is left out where that is held for all: nobody narrowed the
    unit then.
    """
    is_narrowed = MEMBERS_READ.key in rights.narrowed
    return frozenset(
        kind
        for kind, source in _sources.items()
        if source.permission.key in rights.permissions
        and (is_narrowed or source.permission.key not in rights.narrowed)
    )


async def timeline_of(
    member_id: UUID,
    kinds: Collection[MomentKind],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Moment]:
    """Moments of these kinds, newest first, after the cursor `before` in that order."""
    if not kinds:
        return []
    ordered = tuple(kind for kind in MomentKind if kind in kinds)
    rows = await fetch(_statement(ordered, before is not None), member_id, limit, *(before or ()))
    return [Moment(**{**row, "kind": MomentKind(row["kind"])}) for row in rows]


@lru_cache(maxsize=128)
def _statement(kinds: tuple[MomentKind, ...], is_after: bool) -> str:
    parts = " UNION ALL ".join(f"({_part(_sources[kind], is_after)})" for kind in kinds)
    return f"SELECT * FROM ({parts}) AS moment ORDER BY at DESC, id DESC LIMIT $3"


def _part(source: Source, is_after: bool) -> str:
    """The newest of one source. A limit that the planner can see keeps it on the index."""
    after = f" AND (this.{source.at}, this.id) < ($4, $5)" if is_after else ""
    of_member = source.of_member.format(who="own.id" if source.by_old_ids else "$2")
    newest = (
        f"SELECT '{source.kind.value}' AS kind, this.id, this.{source.at} AS at, "
        f"({source.what})::text AS what, ({source.ref})::text AS ref, ({source.by})::text AS by, "
        f"({source.points})::int8 AS points, ({source.fen})::int8 AS fen, "
        f"({source.currency})::text AS currency FROM {source.table} this "
        f"WHERE this.tenant_id = $1 AND {of_member}{after} "
        f"ORDER BY this.{source.at} DESC, this.id DESC LIMIT {MOST_ROWS + 1}"
    )
    if not source.by_old_ids:
        return newest
    return f"SELECT newest.* FROM ({_OWN}) AS own CROSS JOIN LATERAL ({newest}) AS newest"
