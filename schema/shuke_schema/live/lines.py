"""A line: what this process knows of one tenant's topic, and who listens to it here."""

import asyncio
from collections import defaultdict
from typing import Protocol
from uuid import UUID

from shuke_core.live.cursors import Cursors
from shuke_core.live.topics import Item, Topic
from shuke_schema.live.limits import RECENT


class Listener(Protocol):
    """Somebody who is fed."""

    def feed(self, items: list[Item]) -> None:
        """Later items, in order."""

    def lose(self, position: int) -> None:
        """Items up to the position may be missing."""


class Line:
    """`recent` holds every item after `floor` up to `position`, which is None until it has begun."""

    def __init__(self, tenant_id: UUID, topic: Topic) -> None:
        self.tenant_id, self.topic = tenant_id, topic
        self.position: int | None = None
        self.floor = 0
        self.recent: list[Item] = []
        self.listeners: dict[str | None, set[Listener]] = defaultdict(set)
        self.lock = asyncio.Lock()
        self.cursors: Cursors | None = None
        self.rests_until = 0.0  # after a fault that is this line's alone

    def begin(self, position: int, cursors: Cursors) -> None:
        """From now on, later items are told."""
        self.position = self.floor = position
        self.cursors = cursors

    def tell(self, items: list[Item]) -> None:
        """Hands later items to whoever wants them, and keeps them for those who come back."""
        if not items:
            return
        self.position = items[-1].position
        self.recent += items
        if len(self.recent) > 2 * RECENT:
            self.floor = self.recent[-RECENT - 1].position
            del self.recent[:-RECENT]
        fed: dict[Listener, list[Item]] = defaultdict(list)
        for item in items:
            for key in (None, item.key):
                for listener in self.listeners.get(key, ()):
                    fed[listener].append(item)
        for listener, theirs in fed.items():
            listener.feed(theirs)

    def advance(self, position: int) -> None:
        """Nothing of this topic lies up to the position, but for what was told."""
        if self.position is not None:
            self.position = max(self.position, position)

    def lose(self, position: int) -> None:
        """Items up to the position can't be had: everybody here passes a gap."""
        self.position = self.floor = position
        self.recent.clear()
        for listeners in list(self.listeners.values()):
            for listener in list(listeners):
                listener.lose(position)

    def keep_older(self, items: list[Item], after: int) -> None:
        """Puts older items in front: now everything after `after` is here."""
        self.recent[:0] = items
        self.floor = after

    def kept(self, key: str | None, after: int, upto: int) -> list[Item]:
        """The kept items between two positions that are routed to the key; None: all of them."""
        return [i for i in self.recent if after < i.position <= upto and key in (None, i.key)]
