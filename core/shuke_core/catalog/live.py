"""What of the catalogue can be watched live, by staff."""

from shuke_core.catalog.events import CategoriesChanged, ItemsChanged
from shuke_core.live.topics import Topic, declare_topic

CATALOG = declare_topic(
    Topic("catalog", frozenset({ItemsChanged.type, CategoriesChanged.type}), key="via")
)
