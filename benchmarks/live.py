"""The rows `live`: updates to a thousand sockets, shared and personal; to five thousand of staff; memory.

Items are put into the stream of a topic, and the time ends when every socket has heard every one of
them. Each contestant is one process; it hears of the items by Redis, Node by its standard input.
"""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
from redis.asyncio import Redis

from benchmarks.data import Shop, fill, open_shop
from benchmarks.node import NODE, packages
from benchmarks.servers import Effort, Processes, Stand, free_port, processes
from benchmarks.sockets import Crowd, crowd, frame
from benchmarks.suite import LIMIT, OURS, PEER, Contestant, Row, alternate, row_of
from shuke_core.database.config import credentials
from shuke_core.integrations.events import MessageDone
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.live.streams import Streams
from shuke_core.live.topics import Item
from shuke_core.orders.events import OrderCompleted
from shuke_core.points.events import PointsMoved
from shuke_core.staff.addressees import route_to_person
from shuke_core.staff.services import add_staff, issue_staff_token
from shuke_core.tasks.events import TaskMoved

GOAL_LIMIT, GOAL_PEER = 0.9, 2.0
SOCKETS = 1_000
_QUIET = 920  # the number of the tenant of the rows `live.staff`
_OF_ONE = 20  # sockets that one person may have
_BATCH = 50
_AT = "2026-03-01T00:00:00+00:00"
_SYNCS = (
    "subscription { syncsChanged { cursor gap "
    "change { kind messageId tickets accepted known quarantined } } }"
)
_ORDERS = "subscription { ordersChanged { cursor gap change { kind orderId } } }"
_TASKS = "subscription { myTasksChanged { cursor gap change { kind taskId at } } }"
_POINTS = "subscription { pointsChanged { cursor gap change { kind points } } }"
_PEERS = Path(__file__).parent / "peers" / "live"


def _said(token: str, query: str) -> list[bytes]:
    login = {"authorization": f"Bearer {token}"}
    return [
        frame({"type": "connection_init", "payload": login}),
        frame({"id": "1", "type": "subscribe", "payload": {"query": query}}),
    ]


async def _staff(shop: Shop, people: int, handles: str = "bench") -> list[str]:
    """Tokens of so many people in one role: equal rights, so one group."""
    tokens = []
    async with unit_of_work(shop.tenant_id):
        for number in range(people):
            await add_staff(f"{handles}-{number}", f"员工{number}", "operator")
            tokens.append(await issue_staff_token(f"{handles}-{number}"))
    return tokens


async def _ids(shop: Shop, people: int, handles: str) -> list[UUID]:
    """The ids of these people, in the order of their numbers."""
    async with unit_of_work(shop.tenant_id):
        rows = await fetch(
            "SELECT id, handle FROM staff WHERE tenant_id = $1 AND handle = ANY ($2::text[])",
            [f"{handles}-{number}" for number in range(people)],
        )
    found = {row["handle"]: row["id"] for row in rows}
    return [found[f"{handles}-{number}"] for number in range(people)]


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


def _contest(crowd_of: Crowd, items: int, put: object, share: int) -> Contestant:
    """Deliveries a second: `items` are put in batches; each is heard by `share` sockets."""

    async def run() -> float:
        start, before = time.perf_counter(), crowd_of.counted
        for _ in range(items // _BATCH):
            await put(_BATCH)  # type: ignore[operator]
        await crowd_of.until(before + items * share)
        return items * share / (time.perf_counter() - start)

    return run


@asynccontextmanager
async def _node_peer() -> AsyncIterator[tuple[int, asyncio.StreamWriter] | None]:
    """The port and the standard input of graphql-ws on Node; None where npm can't get it."""
    folder = await asyncio.to_thread(packages, _PEERS)
    if folder is None:
        print("live: no peer, since npm can't install it", file=sys.stderr)
        yield None
        return
    port = free_port()
    peer = await asyncio.create_subprocess_exec(
        NODE, "server.mjs", str(port), cwd=folder, stdin=asyncio.subprocess.PIPE
    )
    assert peer.stdin is not None
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        yield port, peer.stdin
    finally:
        peer.stdin.close()
        await peer.wait()


async def _shared(here: Stand, shop: Shop, effort: Effort, running: Processes) -> list[Row]:
    """One group of a thousand."""
    items = 100 if effort.rounds < 4 else 400
    tokens = await _staff(shop, SOCKETS // _OF_ONE)
    redis = Redis.from_url(here.places.redis_url)
    async with AsyncExitStack() as stack:
        streams = await stack.enter_async_context(Streams(here.places.redis_url))
        stack.push_async_callback(redis.aclose)
        node = await stack.enter_async_context(_node_peer())
        source = Source(streams, redis, shop, node[1] if node else None)
        path = f"/t/{shop.slug}/staff/graphql"
        ours = await stack.enter_async_context(
            crowd(
                running.web(),
                [path] * SOCKETS,
                [_said(tokens[n % len(tokens)], _SYNCS) for n in range(SOCKETS)],
            )
        )
        await source.shared(1)
        await ours.until(3 * SOCKETS)
        source.text = ours.sockets[0].last.decode()
        bare_port = running.bare_live(here.places.redis_url, "bench:bare")
        bare = await stack.enter_async_context(
            crowd(bare_port, ["/"] * SOCKETS, [_said("", "")] * SOCKETS)
        )
        contestants = {
            OURS: _contest(ours, items, source.shared, SOCKETS),
            LIMIT: _contest(bare, items, lambda n: source.bare(["one"] * n), SOCKETS),
        }
        if node is not None:
            peer = await stack.enter_async_context(
                crowd(node[0], ["/"] * SOCKETS, [_said("", _SYNCS)] * SOCKETS)
            )
            contestants[PEER] = _contest(peer, items, source.node, SOCKETS)
        await alternate(1, contestants)  # warm
        rounds = await alternate(effort.rounds, contestants)
    rows = [row_of("live", "updates/s", rounds, GOAL_LIMIT)]
    if node is not None:
        to_peer = [{OURS: each[OURS], LIMIT: each[PEER]} for each in rounds]
        rows.append(row_of("live.node", "updates/s", to_peer, GOAL_PEER))
    return rows


async def _personal(here: Stand, shop: Shop, effort: Effort, running: Processes) -> Row:
    """A thousand groups of one; each item is for one of them."""
    items = 1_000 if effort.rounds < 4 else 5_000
    members = [shop.member(number) for number in range(1, SOCKETS + 1)]
    redis = Redis.from_url(here.places.redis_url)
    keys = [str(member) for member in members]
    async with AsyncExitStack() as stack:
        streams = await stack.enter_async_context(Streams(here.places.redis_url))
        stack.push_async_callback(redis.aclose)
        source = Source(streams, redis, shop, None)
        ours = await stack.enter_async_context(
            crowd(
                running.web(),
                [f"/t/{shop.slug}/member/graphql"] * SOCKETS,
                [_said(shop.token(number), _POINTS) for number in range(1, SOCKETS + 1)],
            )
        )
        bare_port = running.bare_live(here.places.redis_url, "bench:bare")
        bare = await stack.enter_async_context(
            crowd(bare_port, [f"/?key={key}" for key in keys], [_said("", "")] * SOCKETS)
        )
        contestants = {
            OURS: _contest(ours, items, lambda n: source.personal(n, members), 1),
            LIMIT: _contest(bare, items, lambda n: source.bare(keys[:n]), 1),
        }
        await alternate(1, contestants)
        rounds = await alternate(effort.rounds, contestants)
    return row_of("live.personal", "updates/s", rounds)


def _kilobytes(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


async def _memory(shop: Shop, effort: Effort, running: Processes) -> Row:
    """Kilobytes of one process for each of 5,000 subscribed sockets that hear nothing."""
    sockets = 1_000 if effort.rounds < 4 else 5_000
    tokens = await _staff(shop, sockets // _OF_ONE)
    port = running.web()
    pid = running.latest
    path = f"/t/{shop.slug}/staff/graphql"
    said = [_said(tokens[n % len(tokens)], _SYNCS) for n in range(sockets)]
    async with crowd(port, [path] * _OF_ONE, said[-_OF_ONE:]):
        await asyncio.sleep(0.5)
    before = _kilobytes(pid)
    async with crowd(port, [path] * sockets, said):
        await asyncio.sleep(3)  # the sweep has come by
        after = _kilobytes(pid)
    return row_of("live.idle", "kB a socket", [{OURS: (after - before) / sockets}])


async def _quiet_shop(here: Stand) -> Shop:
    """A tenant in which nothing has happened yet: who subscribes is told of one gap, not of none."""
    shop = await open_shop(here, _QUIET, 200)
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        await fill(owner, shop)
    finally:
        await owner.close()
    return shop


async def _at_work(here: Stand, shop: Shop, effort: Effort, running: Processes) -> list[Row]:
    """5,000 subscriptions of staff on one process: each hears of their own tasks, one in twenty of
    every order besides. Deliveries a second, and kilobytes a socket, taken once all have heard."""
    sockets, rounds = (1_000, 1) if effort.rounds < 4 else (5_000, effort.rounds)
    people = sockets // _OF_ONE
    tokens = await _staff(shop, people, "work")
    routes = [route_to_person(each) for each in await _ids(shop, people, "work")]
    said = [_said(tokens[n % people], _ORDERS if n < people else _TASKS) for n in range(sockets)]
    listening = _OF_ONE - 1  # sockets of a person that hear of their tasks
    port, path = running.web(), f"/t/{shop.slug}/staff/graphql"
    pid = running.latest
    async with AsyncExitStack() as stack:
        streams = await stack.enter_async_context(Streams(here.places.redis_url))
        redis = Redis.from_url(here.places.redis_url)
        stack.push_async_callback(redis.aclose)
        source = Source(streams, redis, shop, None)
        async with crowd(port, [path] * _OF_ONE, said[-_OF_ONE:]):
            await asyncio.sleep(0.5)
        before = _kilobytes(pid)
        ours = await stack.enter_async_context(crowd(port, [path] * sockets, said))

        async def told() -> float:
            """An order for everybody who listens, then a task a person: both kinds at once."""
            start, heard = time.perf_counter(), ours.counted
            await source.orders(_BATCH)
            await source.tasks(routes)
            due = heard + _BATCH * people + people * listening
            await ours.until(due)
            took = time.perf_counter() - start
            await asyncio.sleep(0.2)
            assert ours.counted == due, f"{ours.counted - due} were told of what is not theirs"
            return (due - heard) / took

        # The first items lie far ahead of the relay: all are told of a gap before them.
        await source.orders(1)
        await source.tasks(routes)
        await ours.until(3 * sockets + people + people * listening)
        await asyncio.sleep(0.5)
        rates = [{OURS: await told()} for _ in range(max(rounds, 3))]
        after = _kilobytes(pid)
    return [
        row_of("live.staff", "updates/s", rates),
        row_of("live.staff.memory", "kB a socket", [{OURS: (after - before) / sockets}]),
    ]


async def run(here: Stand, effort: Effort, shops: Sequence[Shop]) -> list[Row]:
    """All rows. Raises the limit of open files to what is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with processes(here) as running:
            rows = await _shared(here, shops[0], effort, running)
        with processes(here) as running:
            rows.append(await _personal(here, shops[1], effort, running))
        with processes(here) as running:
            rows.append(await _memory(shops[0], effort, running))
        with processes(here) as running:
            rows += await _at_work(here, await _quiet_shop(here), effort, running)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return rows
