"""Root fields about the catalogue: what is on sale for members, everything for staff."""

import strawberry

from shuke_core.access.permissions import CATALOG_READ
from shuke_core.catalog.errors import ItemSearchInvalid
from shuke_core.catalog.queries import (
    EVERY_STATE,
    categories_below,
    category_of_id,
    item_of_code,
    item_of_id,
    items_beginning,
    items_of,
)
from shuke_core.catalog.rules import ItemState
from shuke_schema.catalog.types import Category, Item
from shuke_schema.context import id_of
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ANYBODY, asks

_ON_SALE = (ItemState.ON_SALE,)


def _below(parent_id: strawberry.ID | None) -> list[Category]:
    parent = None if parent_id is None else id_of(parent_id) or NOBODY
    return answered_by(categories_below(parent))  # type: ignore[no-any-return]


@strawberry.type
class ShopQuery:
    @strawberry.field(
        description="The categories right below that one, or the topmost, in their order.",
        metadata=asks(Audience.MEMBER, ANYBODY),
    )
    def categories(self, parent_id: strawberry.ID | None = None) -> list[Category]:
        return _below(parent_id)

    @strawberry.field(
        description="What is on sale, newest first: all, or of a category and those below it.",
        metadata=asks(Audience.MEMBER, ANYBODY),
    )
    async def items(
        self, category_id: strawberry.ID | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Item]:
        category = None if category_id is None else id_of(category_id) or NOBODY
        return answered_by(await items_of(_ON_SALE, category, first, after))  # type: ignore[no-any-return]

    @strawberry.field(
        description="An item that is on sale; null for another.",
        metadata=asks(Audience.MEMBER, ANYBODY),
    )
    def item(self, id: strawberry.ID) -> Item | None:
        item_id = id_of(id)
        return answered_by(item_of_id(item_id, _ON_SALE)) if item_id else None


@strawberry.type
class CatalogQuery:
    @strawberry.field(
        description="The categories right below that one, or the topmost, in their order.",
        metadata=asks(Audience.STAFF, CATALOG_READ),
    )
    def categories(self, parent_id: strawberry.ID | None = None) -> list[Category]:
        return _below(parent_id)

    @strawberry.field(
        description="A category; null for an id that is not there.",
        metadata=asks(Audience.STAFF, CATALOG_READ),
    )
    def category(self, id: strawberry.ID) -> Category | None:
        category_id = id_of(id)
        return answered_by(category_of_id(category_id)) if category_id else None

    @strawberry.field(
        description="Items in these states or any: newest first, all or of a category and those below "
        "it; or, with `search`, those whose name begins so, by name; with `codeBegins` by code. Only one "
        "of the three may be asked for.",
        metadata=asks(Audience.STAFF, CATALOG_READ),
    )
    async def items(
        self,
        category_id: strawberry.ID | None = None,
        states: list[ItemState] | None = None,
        search: str | None = None,
        code_begins: str | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Item]:
        category = None if category_id is None else id_of(category_id) or NOBODY
        wanted = EVERY_STATE if states is None else tuple(states)
        if search is None and code_begins is None:
            return answered_by(await items_of(wanted, category, first, after))  # type: ignore[no-any-return]
        if category is not None:
            raise ItemSearchInvalid()
        found = items_beginning(wanted, first, after, name=search, code=code_begins)
        return answered_by(found)  # type: ignore[no-any-return]

    @strawberry.field(
        description="An item; null for an id that is not there.",
        metadata=asks(Audience.STAFF, CATALOG_READ),
    )
    def item(self, id: strawberry.ID) -> Item | None:
        item_id = id_of(id)
        return answered_by(item_of_id(item_id)) if item_id else None

    @strawberry.field(
        description="The item of that code.", metadata=asks(Audience.STAFF, CATALOG_READ)
    )
    def item_by_code(self, code: str) -> Item | None:
        return answered_by(item_of_code(code))  # type: ignore[no-any-return]
