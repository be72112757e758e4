"""The hooks that plugins may implement over the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shuke_core.plugins.configuration import PluginSettings
from shuke_core.plugins.hooks import hookspec


@dataclass(frozen=True, slots=True)
class DescribedItem:
    """An item and what was told of it beside the core's own fields, by name, as clean text."""

    item_id: UUID
    code: str
    details: Mapping[str, str]


@hookspec
async def shuke_items_described(items: Sequence[DescribedItem], settings: PluginSettings) -> None:
    """Hears what is told of items beside code, name, category, price and state.

    Called once for each batch of a file, a connector's messages, or staff's own change, after the
    items are written and in the same unit of work, with those of which something more was told. A
    plugin takes the names it knows and writes them into a table of its own that refers to `item`. An
    empty text takes a value back. Nothing is returned. A plugin that fails is contained: the items
    stay, and what it wrote of this batch does not. `settings` are its own, for this tenant.
    """
