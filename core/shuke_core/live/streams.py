"""Redis streams of live items, one a tenant and topic: a cache of the tenant's history.

The id of an item is its position, so that Redis itself refuses a second copy, and a position means
the same in Redis and in PostgreSQL. Each item names the one before it in its stream: whoever reads
sees at once that something is missing (trimmed, or lost with Redis) and asks PostgreSQL for it.

The version of the topics stands in the names: a worker that does not know a type of event yet fills
other streams than those that a newer web process reads, which goes by PostgreSQL meanwhile.
"""

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple
from uuid import UUID

from redis import exceptions as faults
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shuke_core.live.topics import Item, declared_topics, fingerprint

MOST_KEPT = 4_096
_KEPT_SECONDS = 24 * 3600
_TIMEOUT_SECONDS = 2.0
_BLOCK_SECONDS = 5.0
_WAKE_SECONDS = 60
READ_BATCH = 500

AWAY = (faults.ConnectionError, faults.TimeoutError, faults.BusyLoadingError, OSError)
REFUSED = (
    faults.RedisError
)  # whatever else Redis says: most likely a fault of ours. Catch AWAY before it

# KEYS: up to where the tenant's streams tell all, then the stream of every topic. ARGV: the position
# after which and the one up to which this batch tells all there is, how many items are kept and how
# long; then of each item its stream's place in KEYS, position, type, key, payload and time. Numbers
# are handed through as text: Redis would print large ones otherwise.
_APPEND = """
local from, to = tonumber(ARGV[1]), tonumber(ARGV[2])
local told = redis.call('GET', KEYS[1])
local upto = tonumber(told or '-1')
if upto < from then  -- lost, or older than it should be: no stream with holes
  for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
  upto, told = from, ARGV[1]
end
if upto >= to then return 0 end
local before = {}
for i = 5, #ARGV, 6 do
  local place, position = tonumber(ARGV[i]), ARGV[i + 1]
  if tonumber(position) > upto then
    if not before[place] then
      local last = redis.call('XREVRANGE', KEYS[place], '+', '-', 'COUNT', 1)
      before[place] = last[1] and string.match(last[1][1], '^%d+') or told
    end
    redis.call('XADD', KEYS[place], 'MAXLEN', '~', ARGV[3], position .. '-0', 'b', before[place],
               't', ARGV[i + 2], 'k', ARGV[i + 3], 'd', ARGV[i + 4], 'a', ARGV[i + 5])
    before[place] = position
  end
end
for place in pairs(before) do redis.call('EXPIRE', KEYS[place], ARGV[4]) end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[4])
return 1
"""

log = logging.getLogger("shuke.live")


class Entry(NamedTuple):
    """An item as it lies in its stream; `before` is the position of the one before it there."""

    item: Item
    before: int


def stream_of(tenant_id: UUID, topic: str) -> str:
    """The name of a topic's stream."""
    return f"{upto_of(tenant_id)}:{topic}"


def upto_of(tenant_id: UUID) -> str:
    """The name under which stands up to where a tenant's streams tell all there is."""
    return f"shuke:live:{fingerprint()}:{tenant_id}"


def _id(position: int) -> str:
    return f"{position}-0"


def _entry(raw: tuple[bytes, dict[bytes, bytes]]) -> Entry:
    told, fields = raw
    item = Item(
        int(told.partition(b"-")[0]),
        fields[b"t"].decode(),
        fields[b"k"].decode(),
        fields[b"d"],
        fields[b"a"].decode(),
    )
    return Entry(item, int(fields[b"b"]))


class Streams:
    """The streams of all tenants. Every call may raise what `AWAY` lists, and REFUSED."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._blocked = Redis.from_url(  # a connection of its own, since it waits for long
            redis_url,
            socket_timeout=2 * _BLOCK_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._redis.register_script(_APPEND)

    async def __aenter__(self) -> "Streams":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._redis.aclose()
        await self._blocked.aclose()

    async def append(
        self, tenant_id: UUID, after: int, upto: int, items: Mapping[str, Sequence[Item]]
    ) -> bool:
        """Adds the items of all topics between two positions; False when they were there already.

        What Redis holds of the tenant is thrown away if it does not reach up to `after`: a stream
        has no holes, it only begins late.
        """
        topics = list(declared_topics())
        values: list[Any] = [after, upto, MOST_KEPT, _KEPT_SECONDS]
        for place, topic in enumerate(topics, start=2):
            for item in items.get(topic, ()):
                values += [place, item.position, item.type, item.key, item.payload]
                values.append(item.recorded_at)
        keys = [upto_of(tenant_id), *(stream_of(tenant_id, topic) for topic in topics)]
        return bool(await self._script(keys=keys, args=values))

    async def forget(self, tenant_id: UUID) -> None:
        """Makes the next batch begin the tenant's streams anew: a refused one may be half there."""
        await self._redis.delete(upto_of(tenant_id))

    async def between(
        self, tenant_id: UUID, topic: str, after: int, upto: int, limit: int
    ) -> list[Item] | None:
        """The items between two positions; None where Redis does not hold them all, or more than
        `limit`."""
        async with self._redis.pipeline(transaction=True) as trip:
            trip.get(upto_of(tenant_id))
            trip.xrange(
                stream_of(tenant_id, topic), min=f"({_id(after)}", max=_id(upto), count=limit + 1
            )
            told, raw = await trip.execute()
        if told is None or int(told) < upto:  # not told yet
            return None
        entries = [_entry(each) for each in raw]
        if not entries or len(entries) > limit or entries[0].before > after:
            return None
        return [entry.item for entry in entries]

    async def wait(
        self, positions: Mapping[str, int], wake: str, woken: str
    ) -> tuple[dict[str, list[Entry]], str]:
        """Waits until one of the streams has something after its position, or `wake` calls.

        Returns what there is, by stream, and how far the calls have been heard.
        """
        asked: dict[Any, Any] = {name: _id(position) for name, position in positions.items()}
        answer = await self._blocked.xread(
            asked | {wake: woken}, count=READ_BATCH, block=int(_BLOCK_SECONDS * 1000)
        )
        found: dict[str, list[Entry]] = {}
        for raw_name, raw in answer:
            name = raw_name.decode()
            if name == wake:
                woken = raw[-1][0].decode()
            else:
                found[name] = [_entry(each) for each in raw]
        return found, woken

    async def call(self, wake: str) -> None:
        """Ends a wait that is under way, so that it begins anew with other streams."""
        await self._redis.xadd(wake, {"x": b""}, maxlen=1, approximate=False)
        await self._redis.expire(wake, _WAKE_SECONDS)
