"""A read: a question to the database that still lacks its selection. What `queries.py` returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.pagination import MOST_ROWS
from shuke_core.projection.declare import Field, Kind, Projection


@lru_cache(maxsize=512)
def _found_by(of: type[Projection], where: tuple[str, ...]) -> Field:
    """How one row is read; its conditions are the program's own, so there are only so many."""
    return Field(Kind.ONE, where=where, type=of)


@dataclass(frozen=True, slots=True)
class Read:
    """One row, some rows or a page of a projection. `given` fills the conditions' arguments.

    `unknown` is raised where one row is read and there is none; without it the answer is null.
    """

    of: type[Projection]
    how: Field
    given: Mapping[str, Any] = field(default_factory=dict)
    unknown: type[ShukeError] | None = None

    @classmethod
    def one(
        cls,
        of: type[Projection],
        *where: str,
        given: Mapping[str, Any],
        unknown: type[ShukeError] | None = None,
    ) -> "Read":
        """The one row that the conditions find."""
        return cls(of, _found_by(of, where), given, unknown)  # type: ignore[arg-type] # a class is hashable

    @classmethod
    def many(
        cls,
        of: type[Projection],
        *where: str,
        order: str,
        given: Mapping[str, Any],
        limit: int = MOST_ROWS,
    ) -> "Read":
        """At most `limit` rows in that order."""
        return cls(of, Field(Kind.MANY, where=where, order=order, limit=limit, type=of), given)

    @classmethod
    def page(
        cls,
        of: type[Projection],
        *where: str,
        newest: str,
        listed: str,
        given: Mapping[str, Any],
        by: str = "",
    ) -> "Read":
        """A page; `given` has `first` and `after` besides. `listed` names the list in its cursors.

        With `by` it is ordered by that column upwards. Its cursors still hold the time and the id
        only; where their row stands is looked up.
        """
        how = Field(Kind.PAGE, where=where, newest=newest, by=by, listed=listed, type=of)
        return cls(of, how, given)

    def where(self, condition: str, given: Mapping[str, Any]) -> "Read":
        """The same of the rows that fit a further condition, whose arguments are given."""
        how = replace(self.how, where=(*self.how.where, condition))
        return replace(self, how=how, given={**self.given, **given})

    @property
    def question(self) -> tuple[Any, ...]:
        """What of it is the same for whoever asks: the values that are given are not in it."""
        return (
            self.of,
            self.how.kind,
            self.how.where,
            self.how.listed,
            self.how.order,
            self.how.by,
        )


@dataclass(slots=True)
class Pick:
    """One chosen field: the neutral form of a selection. `key` is its name in the answer.

    `site` is where its arguments come from: 0 for none, 1 for what the read was given, then the
    fields with arguments in their order.
    """

    key: str
    name: str
    on: str = ""  # the projection that its own picks belong to
    site: int = 0
    picks: list["Pick"] = field(default_factory=list)
    plugin: str = ""  # whose field it is; empty for the core's


TYPENAME = "__typename"
WITHOUT, OF_THE_READ = 0, 1  # the first two sites
