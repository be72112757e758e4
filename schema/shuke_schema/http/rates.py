"""Rate limits: token buckets in Redis, several taken at once or none, many takings in one trip.

What is small against its buckets is granted at once and told to Redis within 20 ms: a trip for each
request cost more than all of its checks together. Keys carry the tenant. Without Redis each process
counts for itself, with a part of the bounds, and what could be guessed at is refused:
`Rates.take_guarded` knows no such mercy, and no credit.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shuke_schema.http.errors import GuardUnavailable, RateLimited
from shuke_schema.http.guarded import Guarded
from shuke_schema.http.limits import Bucket, Limits

_TIMEOUT_SECONDS = 0.25
_PAUSE_SECONDS = 1.0
_CREDIT = 0.01  # of a bucket: what is granted before Redis is asked
_CREDIT_SECONDS = 0.02  # and how soon it is told
_LOCAL_PART = 4  # without Redis a process grants a quarter, as if four stood side by side
_MOST_LOCAL = 10_000

# Several takings, one after another. KEYS: the buckets of all. ARGV: of each taking its cost, whether it
# is owed, and how many buckets it has, then burst and refill a second of each. Answers of each the
# seconds to wait (0 when all of its buckets had enough) and which bucket is short, as text since Redis
# cuts numbers. It was taken if nothing is to be waited for. What is owed was granted before: it is taken
# in any case, so that a bucket may be overdrawn and what follows waits the longer.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local key, arg, waits = 0, 1, {}
while arg <= #ARGV do
  local cost, owed, count = tonumber(ARGV[arg]), ARGV[arg + 1] == '1', tonumber(ARGV[arg + 2])
  local wait, short, left = 0, 1, {}
  for i = 1, count do
    local burst, rate = tonumber(ARGV[arg + 1 + 2 * i]), tonumber(ARGV[arg + 2 + 2 * i])
    local kept = redis.call('HMGET', KEYS[key + i], 'left', 'at')
    local had = tonumber(kept[1]) or burst
    had = math.min(burst, had + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
    left[i] = math.max(had - cost, -burst)
    if -left[i] / rate > wait then wait, short = -left[i] / rate, i end
  end
  if owed or wait == 0 then
    for i = 1, count do
      local full = 2 * ARGV[arg + 1 + 2 * i] / ARGV[arg + 2 + 2 * i]
      redis.call('HSET', KEYS[key + i], 'left', tostring(left[i]), 'at', string.format('%.6f', now))
      redis.call('PEXPIRE', KEYS[key + i], math.ceil(full * 1000) + 1000)
    end
  end
  waits[#waits + 1] = tostring(wait) .. ' ' .. tostring(short)
  key, arg = key + count, arg + 3 + 2 * count
end
return waits
"""

log = logging.getLogger("shuke.http")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as it is known before the database is asked: tenant, token, address."""

    tenant_id: UUID
    token: str | None
    source: str

    @property
    def name(self) -> str:
        """The token by a digest, since keys are not secret; a visitor by the address."""
        if self.token is None:
            return f"source:{self.source}"
        return f"token:{sha256(self.token.encode()).hexdigest()[:32]}"


class _Local:
    """The buckets of this process alone; the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, cost: int, buckets: Mapping[str, Bucket]) -> float:
        """The seconds to wait, or 0 when it was taken from all of them."""
        now, wait, left = monotonic(), 0.0, {}
        for key, bucket in buckets.items():
            burst, rate = bucket.burst / _LOCAL_PART, bucket.per_second / _LOCAL_PART
            had, at = self._kept.get(key, (burst, now))
            left[key] = min(burst, had + (now - at) * rate) - cost
            # What a quarter could never hold is granted when it is full.
            if left[key] < 0 and left[key] + cost < burst:
                wait = max(wait, -left[key] / rate)
        if wait == 0:
            for key, rest in left.items():
                self._kept[key] = (rest, now)
                self._kept.move_to_end(key)
            while len(self._kept) > _MOST_LOCAL:
                self._kept.popitem(last=False)
        return wait


class _Short(NamedTuple):
    """How long to wait until the bucket that is shortest has enough; 0: all of them have."""

    seconds: float
    bucket: int


_ENOUGH = _Short(0.0, 0)


class _Credit:
    """What was granted before Redis was asked: takings that are small against all of their buckets.

    A bucket can be overdrawn by so much at a time, which Redis then knows of: whoever comes next waits
    for it. A bucket that is known to be short gives no credit.
    """

    def __init__(self) -> None:
        self._out: dict[str, int] = {}
        self._empty_until: dict[str, float] = {}

    def grants(self, cost: int, buckets: Mapping[str, Bucket]) -> bool:
        """Whether the cost may be taken now and told to Redis after."""
        now, out = monotonic(), self._out
        for key, bucket in buckets.items():
            if out.get(key, 0) + cost > bucket.burst * _CREDIT:
                return False
            if self._empty_until and self._empty_until.get(key, 0.0) > now:
                return False
        for key in buckets:
            out[key] = out.get(key, 0) + cost
        return True

    def settle(self, cost: int, keys: Sequence[str], short: "_Short") -> None:
        """Redis has answered: the cost was taken, and one of the buckets may be short by it."""
        for key in keys:
            self._out[key] -= cost
            if not self._out[key]:
                del self._out[key]
        if short.seconds > 0:
            now = monotonic()
            if len(self._empty_until) >= _MOST_LOCAL:
                self._empty_until = {k: t for k, t in self._empty_until.items() if t > now}
            self._empty_until[keys[short.bucket]] = now + short.seconds


@dataclass(slots=True)
class _Taking:
    """What one request takes, until it is known how long it has to wait."""

    cost: int
    buckets: Mapping[str, Bucket]
    owed: bool = False
    answer: asyncio.Future[float | None] | None = None  # nobody waits for what was granted


class Rates:
    """The buckets of all callers. Without an address it counts in this process only. A Redis that
    answers nothing in `seconds` counts as away."""

    def __init__(self, redis_url: str | None, seconds: float = _TIMEOUT_SECONDS) -> None:
        self._local = _Local()
        self._away_until = 0.0
        self._credit = _Credit()
        self._waiting: list[_Taking] = []
        self._owed: list[_Taking] = []
        self._trips: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self._redis: Redis | None = None
        if redis_url is not None:
            self._redis = Redis.from_url(
                redis_url,
                socket_timeout=seconds,
                socket_connect_timeout=seconds,
                retry=Retry(NoBackoff(), 0),
            )
            self._take = self._redis.register_script(_TAKE)

    async def close(self) -> None:
        """Lets the connections go."""
        for task in (self._trips, self._settling):
            if task is not None and not task.done():
                await asyncio.wait([task])
        if self._redis is not None:
            await self._redis.aclose()

    async def is_up(self) -> bool:
        """Whether Redis answers, in its usual short time."""
        if self._redis is None:
            return False
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def take(self, caller: Caller, cost: int, limits: Limits) -> None:
        """Takes the cost from caller, source and tenant; raises RateLimited."""
        start = _key(caller, "")
        buckets = {
            f"{start}source:{caller.source}:all": limits.source,
            f"{start}{caller.name}": limits.caller,
            f"{start}all": limits.tenant,
        }
        if self._answers() and self._credit.grants(cost, buckets):
            self._owed.append(_Taking(cost, buckets, owed=True))
            if self._settling is None or self._settling.done():
                self._settling = asyncio.create_task(self._settle())
            return
        wait = await self._shared(cost, buckets)
        _refuse(self._local.take(cost, buckets) if wait is None else wait)

    async def take_guarded(self, caller: Caller, asked: Mapping[str, Guarded]) -> None:
        """One try of each guarded field; raises RateLimited, or GuardUnavailable without Redis."""
        if not asked:
            return
        buckets: dict[str, Bucket] = {}
        for name, bounds in asked.items():
            buckets[_key(caller, f"{name}:source:{caller.source}:all")] = bounds.source
            if caller.token is not None:  # of a visitor no more is known than the source
                buckets[_key(caller, f"{name}:{caller.name}")] = bounds.caller
        wait = await self._shared(1, buckets)
        if wait is None:
            raise GuardUnavailable(field=", ".join(asked), seconds=ceil(_PAUSE_SECONDS))
        _refuse(wait)

    async def _shared(self, cost: int, buckets: Mapping[str, Bucket]) -> float | None:
        """The seconds to wait by Redis; None when it can't be asked."""
        if not self._answers():
            return None
        answer: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Taking(cost, buckets, answer=answer))
        if self._trips is None or self._trips.done():
            self._trips = asyncio.create_task(self._go())
        return await answer

    async def _go(self) -> None:
        """Trips until nobody waits. Who comes while one is under way shares the next: a trip costs
        this process more than what is asked on it."""
        while self._waiting:
            taken, self._waiting = self._waiting, []
            for taking, short in zip(taken, await self._trip(taken), strict=True):
                if taking.answer and not taking.answer.done():  # its request may have been given up
                    taking.answer.set_result(None if short is None else short.seconds)

    async def _settle(self) -> None:
        """Tells Redis what was granted on credit, some at a time."""
        while self._owed:
            await asyncio.sleep(_CREDIT_SECONDS)
            taken, self._owed = self._owed, []
            for taking, short in zip(taken, await self._trip(taken), strict=True):
                self._credit.settle(taking.cost, list(taking.buckets), short or _ENOUGH)

    def _answers(self) -> bool:
        return self._redis is not None and monotonic() >= self._away_until

    async def _trip(self, taken: Sequence[_Taking]) -> Sequence[_Short | None]:
        keys: list[str] = []
        numbers: list[float] = []
        for taking in taken:
            keys += taking.buckets
            numbers += (taking.cost, int(taking.owed), len(taking.buckets))
            for bucket in taking.buckets.values():
                numbers += (bucket.burst, bucket.per_second)
        try:
            return [_read(told) for told in await self._take(keys=keys, args=numbers)]
        except (RedisError, OSError, TimeoutError) as fault:
            self._away_until = monotonic() + _PAUSE_SECONDS
            log.warning("Redis does not answer (%s); each process limits rates by itself", fault)
            return [None] * len(taken)


def _read(told: bytes) -> _Short:
    seconds, bucket = told.split()
    return _Short(float(seconds), int(bucket) - 1)


def _key(caller: Caller, name: str) -> str:
    return f"shuke:rate:{{{caller.tenant_id}}}:{name}"


def _refuse(wait: float) -> None:
    if wait > 0:
        raise RateLimited(seconds=ceil(wait))
