"""A run: one subscription executed over a batch of updates, with what its group shares.

Each batch is a fresh run of the document over a feed that ends. So whoever may not see the topic any
more is refused at the next batch, and live and replayed updates take the same path.
"""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any
from uuid import UUID

import orjson

from shuke_core.access.errors import PermissionDenied
from shuke_core.access.rights import Within
from shuke_core.access.scopes import narrow_to
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.live.history import rows_seen
from shuke_schema.context import Context
from shuke_schema.http.execution import Deadline, operation_extensions, shown_error
from shuke_schema.live.guards import Subscribed
from shuke_schema.live.updates import Feed, Source, Told

_SECONDS = 10.0


class Refused(Exception):
    """The subscription was answered with errors before its first update."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__(str(errors))


def shown_refusal(error: ShukeError) -> dict[str, Any]:
    """A refusal as the client sees it."""
    return {"message": str(error), "extensions": {"code": error.code}}


class Run:
    """How a group's updates are made: knows what the group shares, and no socket."""

    def __init__(
        self, subscribed: Subscribed, context: Context, key: str | None, readers: Semaphore
    ) -> None:
        self._subscribed, self._context, self._readers = subscribed, context, readers
        self.key = key  # of whoever subscribed: the context that is shared may not tell it

    @property
    def tenant_id(self) -> UUID:
        """Whose history it is about."""
        return self._context.tenant.id

    @property
    def source(self) -> Source:
        """Where the items come from."""
        return self._subscribed.source

    async def encoded(self, updates: Sequence[Told]) -> list[tuple[int, str]]:
        """(position, encoded update) of each; raises Refused. An update that fails is told as an
        error, and what lies behind it is gone on with. For somebody who is narrowed, what is not
        theirs to see is left out, as if nothing had happened."""
        try:
            within = self._subscribed.check_rights(self._context.rights)
        except PermissionDenied as denied:
            raise Refused([shown_refusal(denied)]) from None
        frames: list[tuple[int, str]] = []
        while updates:
            async with self._unit(updates, within):
                if within is not None:
                    updates = await self._theirs(updates)
                handed = await self._run(updates, frames) if updates else 0
            if handed == 0 and updates:
                raise Refused([])
            updates = updates[handed:]
        return frames

    def _unit(
        self, updates: Sequence[Told], within: Within | None
    ) -> AbstractAsyncContextManager[None]:
        """What only tells a position has nothing to read about."""
        reads = self._subscribed.reads or within
        if reads and any(told.item is not None for told in updates):
            return self._reading(within)
        return nullcontext()

    @asynccontextmanager
    async def _reading(self, within: Within | None) -> AsyncIterator[None]:
        async with self._readers, Deadline(_SECONDS), unit_of_work(self._context.tenant.id):
            if within is not None:
                await narrow_to(within)
            yield

    async def _theirs(self, updates: Sequence[Told]) -> Sequence[Told]:
        """Those that the narrowed unit sees the row of; an item of a topic without one is nobody's."""
        items = [told.item for told in updates if told.item is not None]
        seen = await rows_seen(self.source.topic, items) if items else frozenset()
        return [told for told in updates if told.item is None or told.item in seen]

    async def _run(self, updates: Sequence[Told], frames: list[tuple[int, str]]) -> int:
        """Adds the frames of what was handed out; returns how many updates that were."""
        feed, subscribed = Feed(updates), self._subscribed
        results = await subscribed.schema.subscribe(
            subscribed.text,
            dict(subscribed.variables),
            self._context,
            root_value=feed,
            operation_name=subscribed.operation,
            operation_extensions=operation_extensions(subscribed.document),
        )
        async for result in results:
            errors = [shown_error(error) for error in result.errors or ()]
            if feed.handed == 0:
                raise Refused(errors)
            payload: dict[str, Any] = {"errors": errors} if errors else {}
            payload["data"] = result.data
            position = updates[feed.handed - 1].position
            frames.append((position, orjson.dumps(payload).decode() + "}"))
        return feed.handed
