"""What a subscription field yields: updates, each with the cursor to resume from.

A root field of `Subscription` names its topic, and whose items it wants, in its metadata; its
resolver turns updates of a `Feed` into its own type, one for one. It never meets a socket.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.types import get_object_definition

from shuke_core.access.errors import TokenInvalid
from shuke_core.access.rights import FieldClass
from shuke_core.live.topics import Item, Topic
from shuke_core.staff.addressees import route_to_person, route_to_role
from shuke_schema.context import Context
from shuke_schema.rights import shows

AFTER = "after"
_LIVE = "shuke.live"

Changed = TypeVar("Changed")


@shows(FieldClass.PUBLIC)
@strawberry.type(
    description="What happened, or only where the subscription stands: it begins with one update "
    "without a change, and ends with one where the server restarts. After a gap updates were "
    "missed: read the current state again."
)
class Update(Generic[Changed]):
    cursor: str = strawberry.field(
        description="To be handed in as `after` when the subscription is made again."
    )
    gap: bool = strawberry.field(description="Whether updates before this one were missed.")
    change: Changed | None = strawberry.field(
        description="What happened; null where only the position is told."
    )


@dataclass(frozen=True, slots=True)
class Told:
    """One update before it is rendered. Without an item it only tells the position."""

    position: int
    cursor: str
    gap: bool = False
    item: Item | None = None


class Feed:
    """The updates of one run, in order; `handed` counts those that a resolver has taken."""

    def __init__(self, updates: Sequence[Told]) -> None:
        self.updates = updates
        self.handed = 0
        self.read: dict[str, Any] = {}  # what resolvers of this run have read for all its items

    def __aiter__(self) -> "Feed":
        return self

    async def __anext__(self) -> Told:
        if self.handed == len(self.updates):
            raise StopAsyncIteration
        self.handed += 1
        return self.updates[self.handed - 1]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a subscription field gets its items: a topic, and the key that routes them, if any."""

    topic: Topic
    key: Callable[[Context], str | None]


def of_topic(topic: Topic, key: Callable[[Context], str | None]) -> dict[str, Source]:
    """Metadata of a subscription field. `key` None: the items of everybody in the tenant."""
    return {_LIVE: Source(topic, key)}


def own_key(context: Context) -> str:
    """Routes to a member what is their own; a visitor has nothing of their own."""
    if context.member_id is None:
        raise TokenInvalid()
    return str(context.member_id)


def own_route(context: Context) -> str:
    """Routes to somebody of the staff what is for them."""
    if context.staff is None:
        raise TokenInvalid()
    return route_to_person(context.staff.id)


def route_of_role(context: Context) -> str:
    """Routes to somebody of the staff what is for whoever is in their role."""
    if context.staff is None:
        raise TokenInvalid()
    return route_to_role(context.staff.role)


def everybody(_: Context) -> None:
    """Routes the items of the whole tenant, which only staff may see."""


@lru_cache(maxsize=256)
def sources_of(schema: strawberry.Schema) -> dict[str, Source]:
    """The source of each subscription field of a schema, by name."""
    if schema.subscription is None:
        return {}
    fields = schema.get_fields(get_object_definition(schema.subscription, strict=True))
    name_of = schema.config.name_converter.get_graphql_name
    return {name_of(field): field.metadata[_LIVE] for field in fields}
