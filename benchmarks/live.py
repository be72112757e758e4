"""The rows `live`: updates to a thousand sockets, shared and personal; memory. `live.staff` is beside it.

Items are put into the stream of a topic, and the time ends when every socket has heard every one of
them. Each contestant is one process; it hears of the items by Redis, Node by its standard input.
"""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from benchmarks.data import Shop
from benchmarks.live_source import BATCH, OF_ONE, Source, kilobytes, said, staff_of
from benchmarks.live_staff import at_work
from benchmarks.node import NODE, packages
from benchmarks.servers import Effort, Processes, Stand, free_port, processes
from benchmarks.sockets import Crowd, crowd
from benchmarks.suite import LIMIT, OURS, PEER, Contestant, Row, alternate, row_of
from shuke_core.live.streams import Streams

GOAL_LIMIT, GOAL_PEER = 0.9, 2.0
SOCKETS = 1_000
_SYNCS = (
    "subscription { syncsChanged { cursor gap "
    "change { kind messageId tickets accepted known quarantined } } }"
)
_POINTS = "subscription { pointsChanged { cursor gap change { kind points } } }"
_PEERS = Path(__file__).parent / "peers" / "live"


def _contest(crowd_of: Crowd, items: int, put: object, share: int) -> Contestant:
    """Deliveries a second: `items` are put in batches; each is heard by `share` sockets."""

    async def run() -> float:
        start, before = time.perf_counter(), crowd_of.counted
        for _ in range(items // BATCH):
            await put(BATCH)  # type: ignore[operator]
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
    tokens = await staff_of(shop, SOCKETS // OF_ONE)
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
                [said(tokens[n % len(tokens)], _SYNCS) for n in range(SOCKETS)],
            )
        )
        await source.shared(1)
        await ours.until(3 * SOCKETS)
        source.text = ours.sockets[0].last.decode()
        bare_port = running.bare_live(here.places.redis_url, "bench:bare")
        bare = await stack.enter_async_context(
            crowd(bare_port, ["/"] * SOCKETS, [said("", "")] * SOCKETS)
        )
        contestants = {
            OURS: _contest(ours, items, source.shared, SOCKETS),
            LIMIT: _contest(bare, items, lambda n: source.bare(["one"] * n), SOCKETS),
        }
        if node is not None:
            peer = await stack.enter_async_context(
                crowd(node[0], ["/"] * SOCKETS, [said("", _SYNCS)] * SOCKETS)
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
                [said(shop.token(number), _POINTS) for number in range(1, SOCKETS + 1)],
            )
        )
        bare_port = running.bare_live(here.places.redis_url, "bench:bare")
        bare = await stack.enter_async_context(
            crowd(bare_port, [f"/?key={key}" for key in keys], [said("", "")] * SOCKETS)
        )
        contestants = {
            OURS: _contest(ours, items, lambda n: source.personal(n, members), 1),
            LIMIT: _contest(bare, items, lambda n: source.bare(keys[:n]), 1),
        }
        await alternate(1, contestants)
        rounds = await alternate(effort.rounds, contestants)
    return row_of("live.personal", "updates/s", rounds)


async def _memory(shop: Shop, effort: Effort, running: Processes) -> Row:
    """Kilobytes of one process for each of 5,000 subscribed sockets that hear nothing."""
    sockets = 1_000 if effort.rounds < 4 else 5_000
    tokens = await staff_of(shop, sockets // OF_ONE)
    port = running.web()
    pid = running.latest
    path = f"/t/{shop.slug}/staff/graphql"
    frames = [said(tokens[n % len(tokens)], _SYNCS) for n in range(sockets)]
    async with crowd(port, [path] * OF_ONE, frames[-OF_ONE:]):
        await asyncio.sleep(0.5)
    before = kilobytes(pid)
    async with crowd(port, [path] * sockets, frames):
        await asyncio.sleep(3)  # the sweep has come by
        after = kilobytes(pid)
    return row_of("live.idle", "kB a socket", [{OURS: (after - before) / sockets}])


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
            rows += await at_work(here, effort, running)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return rows
