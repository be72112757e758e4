"""GraphQL inputs of the catalogue."""

from collections.abc import Sequence

import strawberry

from shuke_schema.catalog.types import ItemState
from shuke_schema.scalars import Long


@strawberry.input(description="What a plugin knows of an item, such as its brand; by name.")
class ItemDetailInput:
    name: str
    value: str = strawberry.field(description="An empty text takes it back.")


@strawberry.input(description="An item to be entered.")
class NewItemInput:
    code: str = strawberry.field(description="What tills name it by. It is for ever.")
    name: str
    price_fen: Long
    category_id: strawberry.ID | None = None
    state: ItemState = ItemState.DRAFT
    details: list[ItemDetailInput] = strawberry.field(default_factory=list)


@strawberry.input(description="What is to be changed of an item: what is left out stays.")
class ItemChangeInput:
    name: str | None = None
    price_fen: Long | None = None
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Null takes it out of its category."
    )
    state: ItemState | None = None
    details: list[ItemDetailInput] = strawberry.field(default_factory=list)


def by_name(details: Sequence[ItemDetailInput]) -> dict[str, str]:
    """The details as the catalogue takes them."""
    return {each.name: each.value for each in details}
