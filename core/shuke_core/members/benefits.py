"""What a member has and may use (我的权益): each domain declares its kind, one statement reads them all.

Points, campaigns, later coupons and tiers: whoever adds a kind of benefit declares it in the domain's
room `benefits`, and it stands on the member's first screen.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.transactions import Row, fetch
from shuke_core.members.holdings import Label
from shuke_core.members.queries import Member
from shuke_core.projection.declare import Projection, python

MOST_OF_A_KIND = 100
_COLUMNS = (
    *(
        "ref::text",
        "name_zh::text",
        "name_en::text",
        "state::text",
        "amount::int8",
        "times_left::int8",
    ),
    *("until::timestamptz", "beside::text"),
)
_NAMES = tuple(each.partition("::")[0] for each in _COLUMNS)
_MARK = re.compile(r"\{(\w+)\}")


class BenefitState(Enum):
    """What can be done with a benefit."""

    AVAILABLE = "available"  # it can be used
    EXPIRING = "expiring"  # it can be used, and lapses at `until`
    JOINABLE = "joinable"  # it can be had by taking part
    JOINED = "joined"  # it has been had


@dataclass(frozen=True, slots=True)
class BenefitKind:
    """A kind of benefit; those of a lower `place` are shown first.

    `sql` selects the columns `ref` (its id, or null), `name_zh`, `name_en`, `state`, `amount` (of what
    it is counted in), `times_left` (null: without bound), `until` and `beside` (for `keeps`, else null)
    for the member `{member}` at `{now}`, in the order in which they are shown; `$1` is the tenant.
    `given` hands in what else it names in braces. `keeps` says which of its rows are the member's, and as
    what, where SQL alone can't.
    """

    key: str
    label: Label
    place: int
    sql: str
    given: Callable[[], Awaitable[Mapping[str, Any]]] | None = None
    keeps: Callable[[UUID, Sequence[Row]], Awaitable[Sequence[Row]]] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Benefit:
    """Something that a member has, or may have now."""

    kind: BenefitKind
    ref: str | None
    name_zh: str
    name_en: str
    state: BenefitState
    amount: int | None
    times_left: int | None
    until: datetime | None


class BenefitsOfMember(Projection, joins=Member):
    """What a member has; found by `benefits_of`."""

    benefits: list[str] = python("id")


_kinds: dict[str, BenefitKind] = {}


def declare_benefit(kind: BenefitKind) -> None:
    """Makes the kind known; refuses a second of its key."""
    if kind.key in _kinds:
        raise ValueError(f"{kind.key} is declared already")
    _kinds[kind.key] = kind


def declared_benefits() -> Mapping[str, BenefitKind]:
    """Every kind there is, by its key, in the order in which they are shown."""
    return {kind.key: kind for kind in sorted(_kinds.values(), key=lambda k: (k.place, k.key))}


async def benefits_of(member_id: UUID) -> list[Benefit]:
    """What the member has and may have now, kind by kind: one statement, and what kinds ask besides."""
    kinds = declared_benefits().values()
    if not kinds:
        return []
    values: dict[str, Any] = {"member": member_id, "now": clock.now()}
    for kind in kinds:
        if kind.given is not None:
            values |= await kind.given()
    names = list(values)
    parts = " UNION ALL ".join(_part(kind, names) for kind in kinds)
    rows = await fetch(f"SELECT * FROM ({parts}) AS every ORDER BY kind, nth", *values.values())
    found: list[Benefit] = []
    for kind in kinds:
        own: Sequence[Row] = [row for row in rows if row["kind"] == kind.key]
        if kind.keeps is not None and own:
            own = await kind.keeps(member_id, own)
        found += [_benefit(kind, row) for row in own]
    return found


def _part(kind: BenefitKind, names: list[str]) -> str:
    sql = _MARK.sub(lambda mark: f"${names.index(mark[1]) + 2}", kind.sql)
    columns = ", ".join(f"k.{each}" for each in _COLUMNS)
    return (
        f"(SELECT '{kind.key}' AS kind, row_number() OVER () AS nth, {columns} "
        f"FROM ({sql}) AS k LIMIT {MOST_OF_A_KIND})"
    )


def _benefit(kind: BenefitKind, row: Row) -> Benefit:
    said = {name: row[name] for name in _NAMES if name != "beside"}
    return Benefit(kind, **{**said, "state": BenefitState(row["state"])})
