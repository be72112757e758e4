"""What domains hold of a member: declared once for each table, in the domain's room `holdings`.

Whoever adds a table that names members says here how a merge, its undo and an erasure act on it, and
what of it a member is handed who asks for all their data. A contract test reads the catalogue and
fails on a table that is not declared, plugins' included.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

Label = Mapping[str, str]  # a language ("zh", "en") to what a person reads
# The merge, who is merged, and into whom.
MergeVerb = Callable[[UUID, UUID, UUID], Awaitable[None]]


class OnMerge(Enum):
    """What becomes of the rows of who is merged into somebody."""

    MOVES = "moves"  # they become that member's, one note for each; undo moves those back
    STAYS = "stays"  # they keep the id of their moment, which goes on naming that member
    OWN = "own"  # the domain has verbs for it


class OnErase(Enum):
    """What becomes of the rows of who is erased."""

    GOES = "goes"  # they are deleted
    KEPT = "kept"  # they are kept for a random subject; what is personal in them is cleared
    STAYS = "stays"  # they keep an id that names nobody any more


@dataclass(frozen=True, slots=True)
class Holding:
    """A table with rows of members.

    `shows` is what a member is handed of a row: a key to plain SQL over `this` (the tenant of a
    sub-select is `$1`). `opens` are keys to columns that are sealed under the member's keys, as bytes
    of UTF-8 text. Where neither says anything, `why` says why. `once` are the columns that are unique
    together with the member: a row that the other has as well stays where it is. `clears` are columns
    that an erasure empties in what is kept. `came_by` is a column with the id of another row of the
    table, by which this one came while they were merged: it goes back with that one. `also` are further
    columns that name members: an erasure of one of these does the same, what is shown is shown to
    `member` alone. `merge` and `unmerge` are for OnMerge.OWN.
    """

    table: str
    label: Label
    on_merge: OnMerge
    on_erase: OnErase
    shows: Mapping[str, str] = field(default_factory=dict)
    opens: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    once: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    came_by: str = ""
    member: str = "member_id"
    also: tuple[str, ...] = ()
    newest: str = "id"
    merge: MergeVerb | None = None
    unmerge: MergeVerb | None = None

    def __post_init__(self) -> None:
        if (self.on_merge is OnMerge.OWN) != (self.merge is not None and self.unmerge is not None):
            raise ValueError(f"{self.table}: verbs of its own go with OnMerge.OWN")
        if bool(self.shows or self.opens) == bool(self.why):
            raise ValueError(f"{self.table}: it shows something, or says why it shows nothing")


_declared: dict[str, Holding] = {}
_owner: dict[str, str] = {}


def declare_holdings(owner: str, *holdings: Holding) -> None:
    """Makes them known; `owner` is the domain's name or the plugin's key. Refuses a second of a table."""
    for each in holdings:
        if each.table in _declared:
            raise ValueError(f"{each.table} is declared by {_owner[each.table]} already")
        _declared[each.table], _owner[each.table] = each, owner


def forget_holdings(owner: str) -> None:
    """Takes out what a plugin declared."""
    for table in [table for table, by in _owner.items() if by == owner]:
        del _declared[table], _owner[table]


def declared_holdings() -> Mapping[str, Holding]:
    """Every holding there is, by table."""
    return dict(sorted(_declared.items()))
