"""Mutations of the staff API about the catalogue."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import UNSET

from shuke_core.access.permissions import CATALOG_EDIT
from shuke_core.access.rights import FieldClass
from shuke_core.catalog.errors import CategoryUnknown, ItemUnknown
from shuke_core.catalog.queries import category_of_id, item_of_id
from shuke_core.catalog.services import ItemChange, change_item, create_item, retire_item
from shuke_core.catalog.tree import (
    change_category,
    create_category,
    move_category,
    remove_category,
)
from shuke_schema.catalog.inputs import ItemChangeInput, NewItemInput, by_name
from shuke_schema.catalog.types import Category, Item
from shuke_schema.context import id_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why an item was not changed.")
class ItemErrorCode(Enum):
    ITEM_UNKNOWN = "ITEM_UNKNOWN"
    ITEM_CODE_TAKEN = "ITEM_CODE_TAKEN"
    ITEM_INVALID = "ITEM_INVALID"
    ITEM_CHANGED = "ITEM_CHANGED"
    ITEM_STATE_REFUSED = "ITEM_STATE_REFUSED"
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN"


@strawberry.enum(description="Why the tree of categories was not changed.")
class CategoryErrorCode(Enum):
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN"
    CATEGORY_INVALID = "CATEGORY_INVALID"
    CATEGORY_NAME_TAKEN = "CATEGORY_NAME_TAKEN"
    CATEGORY_PLACE_INVALID = "CATEGORY_PLACE_INVALID"
    CATEGORY_CYCLIC = "CATEGORY_CYCLIC"
    CATEGORY_TOO_DEEP = "CATEGORY_TOO_DEEP"
    CATEGORIES_TOO_MANY = "CATEGORIES_TOO_MANY"
    CATEGORY_IN_USE = "CATEGORY_IN_USE"


@strawberry.type(description="Why an item was not changed.")
class ItemError(Failure[ItemErrorCode]):
    pass


@strawberry.type(description="Why the tree of categories was not changed.")
class CategoryError(Failure[CategoryErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class ItemPayload:
    item: Item | None = strawberry.field(
        default=None, description="As it is now; after ITEM_CHANGED as somebody else left it."
    )
    errors: list[ItemError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class CategoryPayload:
    category: Category | None = None
    errors: list[CategoryError] = strawberry.field(default_factory=list)


_ITEMS = Failures(
    ItemError,
    ItemErrorCode,
    {
        "ITEM_UNKNOWN": "id",
        "ITEM_CODE_TAKEN": "code",
        "ITEM_CHANGED": "version",
        "ITEM_STATE_REFUSED": "state",
        "CATEGORY_UNKNOWN": "categoryId",
    },
)
_CATEGORIES = Failures(
    CategoryError,
    CategoryErrorCode,
    {
        "CATEGORY_INVALID": "name",
        "CATEGORY_NAME_TAKEN": "name",
        "CATEGORY_PLACE_INVALID": "place",
        "CATEGORY_CYCLIC": "parentId",
        "CATEGORY_TOO_DEEP": "parentId",
        "CATEGORY_IN_USE": "id",
    },
)


def _category(id: strawberry.ID) -> UUID:
    category_id = id_of(id)
    if category_id is None:
        raise CategoryUnknown()
    return category_id


def _category_or_none(id: strawberry.ID | None) -> UUID | None:
    return None if id is None else _category(id)


async def _changed(id: strawberry.ID, act: Callable[[UUID], Awaitable[int]]) -> ItemPayload:
    item_id = id_of(id)

    async def attempt() -> int:
        if item_id is None:
            raise ItemUnknown()
        return await act(item_id)

    _, errors = await _ITEMS.attempt(attempt)
    is_shown = not errors or errors[0].code is ItemErrorCode.ITEM_CHANGED
    item = answered_by(item_of_id(item_id)) if item_id and is_shown else None
    return ItemPayload(item=item, errors=errors)


async def _shaped(act: Callable[[], Awaitable[UUID]]) -> CategoryPayload:
    category_id, errors = await _CATEGORIES.attempt(act)
    category = answered_by(category_of_id(category_id)) if category_id else None
    return CategoryPayload(category=category, errors=errors)


@strawberry.type
class CatalogMutation:
    @strawberry.mutation(
        description="Enters an item. Its code tells it apart: entered again it is refused.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def create_item(self, item: NewItemInput) -> ItemPayload:
        async def act() -> UUID:
            return await create_item(
                item.code,
                item.name,
                item.price_fen,
                category_id=_category_or_none(item.category_id),
                state=item.state,
                details=by_name(item.details),
            )

        item_id, errors = await _ITEMS.attempt(act)
        made = answered_by(item_of_id(item_id)) if item_id else None
        return ItemPayload(item=made, errors=errors)

    @strawberry.mutation(
        description="Changes an item that you have read at `version`. Where somebody was quicker "
        "nothing is changed, and the item comes as it is now.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def change_item(
        self, id: strawberry.ID, version: int, change: ItemChangeInput
    ) -> ItemPayload:
        async def act(item_id: UUID) -> int:
            category_id = None if change.category_id is UNSET else change.category_id
            return await change_item(
                item_id,
                version,
                ItemChange(
                    name=change.name,
                    category_id=_category_or_none(category_id),
                    no_category=change.category_id is None,
                    price_fen=change.price_fen,
                    state=change.state,
                    details=by_name(change.details),
                ),
            )

        return await _changed(id, act)

    @strawberry.mutation(
        description="Sells an item no more, for good. Orders that name it keep it.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def retire_item(self, id: strawberry.ID, version: int) -> ItemPayload:
        return await _changed(id, lambda item_id: retire_item(item_id, version))

    @strawberry.mutation(
        description="Makes a category, below another one or topmost; the last of its siblings "
        "unless a place is given.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def create_category(
        self, name: str, parent_id: strawberry.ID | None = None, place: int | None = None
    ) -> CategoryPayload:
        async def act() -> UUID:
            return await create_category(name, _category_or_none(parent_id), place)

        return await _shaped(act)

    @strawberry.mutation(
        description="Renames a category, or gives it another place among its siblings.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def change_category(
        self, id: strawberry.ID, name: str | None = None, place: int | None = None
    ) -> CategoryPayload:
        async def act() -> UUID:
            await change_category(_category(id), name=name, place=place)
            return _category(id)

        return await _shaped(act)

    @strawberry.mutation(
        description="Puts a category, with all below it, under another one, or topmost.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def move_category(
        self, id: strawberry.ID, parent_id: strawberry.ID | None = None, place: int | None = None
    ) -> CategoryPayload:
        async def act() -> UUID:
            await move_category(_category(id), _category_or_none(parent_id), place)
            return _category(id)

        return await _shaped(act)

    @strawberry.mutation(
        description="Removes a category that has no items and nothing below it. Orders keep what "
        "they have copied.",
        metadata=asks(Audience.STAFF, CATALOG_EDIT),
    )
    async def remove_category(self, id: strawberry.ID) -> CategoryPayload:
        async def act() -> None:
            await remove_category(_category(id))

        _, errors = await _CATEGORIES.attempt(act)
        return CategoryPayload(errors=errors)
