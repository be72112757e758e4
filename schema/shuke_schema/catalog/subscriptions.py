"""Root fields of the staff API that tell of the catalogue as it changes."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.permissions import CATALOG_READ
from shuke_core.access.rights import FieldClass
from shuke_core.catalog.live import CATALOG
from shuke_core.live.topics import Item
from shuke_schema.live.updates import Feed, Update, everybody, of_topic
from shuke_schema.parts import Audience
from shuke_schema.rights import asks, shows


@strawberry.enum(description="What of the catalogue has changed.")
class CatalogChangeKind(Enum):
    ITEMS = strawberry.enum_value("items.changed", description="Items were entered or changed.")
    CATEGORIES = strawberry.enum_value(
        "categories.changed",
        description="Categories were made, renamed, moved with all below them, or removed.",
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="The catalogue has changed; of a file or a connector once a batch.")
class CatalogChange:
    kind: CatalogChangeKind
    via: str = strawberry.field(description="staff, file, or the key of an integration.")
    ids: list[strawberry.ID] = strawberry.field(description="Of the items, or the categories.")
    at: datetime

    @classmethod
    def of(cls, item: Item) -> "CatalogChange":
        facts, kind = item.facts, CatalogChangeKind(item.type)
        ids = facts["item_ids" if kind is CatalogChangeKind.ITEMS else "category_ids"]
        return cls(
            kind=kind,
            via=facts["via"],
            ids=[strawberry.ID(each) for each in ids],
            at=datetime.fromisoformat(item.recorded_at),
        )


@strawberry.type
class CatalogSubscription:
    @strawberry.subscription(
        description="The catalogue, as it changes.",
        metadata=asks(Audience.STAFF, CATALOG_READ) | of_topic(CATALOG, everybody),
    )
    async def catalog_changed(
        self, feed: strawberry.Parent[Feed], after: str | None = None
    ) -> AsyncGenerator[Update[CatalogChange], None]:
        async for told in feed:
            change = CatalogChange.of(told.item) if told.item else None
            yield Update(cursor=told.cursor, gap=told.gap, change=change)
