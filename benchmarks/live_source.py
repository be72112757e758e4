"""What the rows `live` share: who listens, and the source of the items that they hear.

Items are put into the stream of a topic, as the relay would.
"""

import asyncio
import resource
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from uuid import UUID

import orjson
from redis.asyncio import Redis

from benchmarks.data import Shop
from benchmarks.sockets import frame
from shuke_core.integrations.events import MessageDone
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.live.streams import Streams
from shuke_core.live.topics import Item
from shuke_core.orders.events import OrderCompleted
from shuke_core.points.events import PointsMoved
from shuke_core.staff.services import add_staff, issue_staff_token
from shuke_core.tasks.events import TaskMoved

OF_ONE = 20  # sockets that one person may have
BATCH = 50
_AT = "2026-03-01T00:00:00+00:00"


def said(token: str, query: str) -> list[bytes]:
    """The frames of who logs in by that token and subscribes to that query."""
    login = {"authorization": f"Bearer {token}"}
    return [
        frame({"type": "connection_init", "payload": login}),
        frame({"id": "1", "type": "subscribe", "payload": {"query": query}}),
    ]


async def staff_of(shop: Shop, people: int, handles: str = "bench") -> list[str]:
    """Tokens of so many people in one role: equal rights, so one group."""
    tokens = []
    async with unit_of_work(shop.tenant_id):
        for number in range(people):
            await add_staff(f"{handles}-{number}", f"员工{number}", "operator")
            tokens.append(await issue_staff_token(f"{handles}-{number}"))
    return tokens


def kilobytes(process: int) -> float:
    """The resident memory of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


class Source:
    """Makes items and puts them where the contestants hear them. Positions lie far ahead of the
    relay's, so that nobody else gives them."""

    def __init__(
        self, streams: Streams, redis: Redis, shop: Shop, node: asyncio.StreamWriter | None
    ):
        self._streams, self._redis, self._shop, self._node = streams, redis, shop, node
        self._positions = count(1_000_000)
        self._upto = 999_999
        self.text = "{}"  # of the bare contestant: as long as ours

    async def shared(self, items: int) -> None:
        """So many syncs, for everybody."""
        await self._put("syncs", [self._sync() for _ in range(items)])

    async def personal(self, items: int, members: Sequence[UUID]) -> None:
        """So many movements of points, one a member in turn."""
        made = []
        for nth in range(items):
            position, member = next(self._positions), str(members[nth % len(members)])
            facts = {"member_id": member, "kind": "earn", "points": nth + 1, "happened_at": _AT}
            made.append(Item(position, PointsMoved.type, member, orjson.dumps(facts), _AT))
        await self._put("points", made)

    async def orders(self, items: int) -> None:
        """So many orders, for everybody."""
        made = []
        for _ in range(items):
            position, order = next(self._positions), str(new_id())
            facts = {"order_id": order, "member_id": None, "placed_at": _AT}
            made.append(Item(position, OrderCompleted.type, "", orjson.dumps(facts), _AT))
        await self._put("orders", made)

    async def tasks(self, routes: Sequence[str]) -> None:
        """A task that somebody is reminded of, one a route."""
        made = []
        for route in routes:
            position, task = next(self._positions), str(new_id())
            facts = {"task_id": task, "route": route, "change": "reminded"}
            made.append(Item(position, TaskMoved.type, route, orjson.dumps(facts), _AT))
        await self._put("tasks", made)

    def _sync(self) -> Item:
        position, key = next(self._positions), str(UUID(int=7))
        facts = {"integration_id": key, "message_id": str(new_id()), "accepted": 48, "known": 1,
                 "quarantined": 1}  # fmt: skip
        return Item(position, MessageDone.type, key, orjson.dumps(facts), _AT)

    async def _put(self, topic: str, items: list[Item]) -> None:
        after, self._upto = self._upto, items[-1].position
        await self._streams.append(self._shop.tenant_id, after, self._upto, {topic: items})

    async def bare(self, keys: Sequence[str]) -> None:
        """An item a key, as the bare contestant reads them."""
        async with self._redis.pipeline(transaction=False) as trip:
            for key in keys:
                trip.xadd("bench:bare", {"k": key, "text": self.text}, maxlen=10_000)
            await trip.execute()

    async def node(self, items: int) -> None:
        """So many syncs, as lines."""
        assert self._node is not None
        change = {"kind": "DONE", "messageId": str(new_id()), "tickets": 50, "accepted": 48,
                  "known": 1, "quarantined": 1}  # fmt: skip
        update = {"cursor": "A" * 22, "gap": False, "change": change}
        self._node.write((orjson.dumps(update) + b"\n") * items)
        await self._node.drain()
