"""The facts this domain announces. A batch of a file or a connector is one of them, not one an item."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ItemsChanged:
    """These items were entered or changed. `via`: staff, file, or the key of an integration."""

    type: ClassVar[str] = "items.changed"
    via: str
    item_ids: tuple[UUID, ...]

    @property
    def entity(self) -> str:
        return "catalog"


@dataclass(frozen=True, slots=True)
class CategoriesChanged:
    """The tree is another one: these were made, renamed, moved (with all below) or removed."""

    type: ClassVar[str] = "categories.changed"
    via: str
    category_ids: tuple[UUID, ...]

    @property
    def entity(self) -> str:
        return "catalog"
