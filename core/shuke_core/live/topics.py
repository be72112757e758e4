"""Topics: which events can be watched live, and whom each of them is routed to.

A domain declares its topics in its room `live`. A topic names types of events and the field of
their payload that routes them: a member, an integration. There is one stream a tenant and topic,
never one a member: readers pick by key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson


@dataclass(frozen=True, slots=True)
class Topic:
    """`name` is stable: streams are kept by it. `key` is a field of the payload of every type.

    `row` says which row an item is about, as (table, field of the payload with its id): whoever is
    narrowed to some members is told of it only while they see that row. Without one, never.
    """

    name: str
    types: frozenset[str]
    key: str
    row: tuple[str, str] | None = None


class Item(NamedTuple):
    """One event of a topic: its position in the tenant's history, its key, its payload as JSON."""

    position: int
    type: str
    key: str
    payload: bytes
    recorded_at: str

    @property
    def facts(self) -> dict[str, Any]:
        """What the announcing dataclass held, as JSON values."""
        facts: dict[str, Any] = orjson.loads(self.payload)
        return facts


_declared: dict[str, Topic] = {}


def declare_topic(topic: Topic) -> Topic:
    """Makes the worker publish the topic's events; refuses a second topic of the name."""
    if topic.name in _declared:
        raise ValueError(f"two live topics are named {topic.name!r}")
    _declared[topic.name] = topic
    fingerprint.cache_clear()
    return topic


def declared_topics() -> Mapping[str, Topic]:
    """Every topic there is, by name."""
    return dict(sorted(_declared.items()))


def topics_of_types() -> dict[str, list[Topic]]:
    """For each type of event that can be watched, the topics that it belongs to."""
    found: dict[str, list[Topic]] = {}
    for topic in declared_topics().values():
        for kind in topic.types:
            found.setdefault(kind, []).append(topic)
    return found


@cache
def fingerprint() -> str:
    """Tells versions of the topics apart: streams that others filled may lack what is new here."""
    told = [(topic.name, sorted(topic.types), topic.key) for topic in declared_topics().values()]
    return sha256(orjson.dumps(told)).hexdigest()[:16]
