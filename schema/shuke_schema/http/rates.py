"""Rate limits: token buckets in Redis, several taken at once or none, in one trip.

Keys carry the tenant. Without Redis each process counts for itself, with a part of the bounds, and
what could be guessed at is refused: `Rates.take_guarded` knows no such mercy.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from time import monotonic
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
_LOCAL_PART = 4  # without Redis a process grants a quarter, as if four stood side by side
_MOST_LOCAL = 10_000

# KEYS: buckets. ARGV: the cost, then burst and refill a second of each. Answers the seconds to wait,
# as text since Redis cuts numbers; 0 when all of them had enough and it was taken.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local cost, wait, left = tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
  local burst, rate = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local kept = redis.call('HMGET', key, 'left', 'at')
  local had = tonumber(kept[1]) or burst
  had = math.min(burst, had + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
  left[i] = had - cost
  if left[i] < 0 then wait = math.max(wait, -left[i] / rate) end
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    redis.call('HSET', key, 'left', tostring(left[i]), 'at', string.format('%.6f', now))
    redis.call('PEXPIRE', key, math.ceil(ARGV[2 * i] / ARGV[2 * i + 1] * 1000) + 1000)
  end
end
return tostring(wait)
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


class Rates:
    """The buckets of all callers. Without an address it counts in this process only."""

    def __init__(self, redis_url: str | None) -> None:
        self._local = _Local()
        self._away_until = 0.0
        self._redis: Redis | None = None
        if redis_url is not None:
            self._redis = Redis.from_url(
                redis_url,
                socket_timeout=_TIMEOUT_SECONDS,
                socket_connect_timeout=_TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            self._take = self._redis.register_script(_TAKE)

    async def close(self) -> None:
        """Lets the connections go."""
        if self._redis is not None:
            await self._redis.aclose()

    async def take(self, caller: Caller, cost: int, limits: Limits) -> None:
        """Takes the cost from caller, source and tenant; raises RateLimited."""
        buckets = {
            _key(caller, f"source:{caller.source}:all"): limits.source,
            _key(caller, caller.name): limits.caller,
            _key(caller, "all"): limits.tenant,
        }
        wait = await self._shared(cost, buckets)
        _refuse(self._local.take(cost, buckets) if wait is None else wait)

    async def take_guarded(self, caller: Caller, asked: Mapping[str, Guarded]) -> None:
        """One try of each guarded field; raises RateLimited, or GuardUnavailable without Redis."""
        if not asked:
            return
        buckets: dict[str, Bucket] = {}
        for field, bounds in asked.items():
            buckets[_key(caller, f"{field}:source:{caller.source}:all")] = bounds.source
            if caller.token is not None:  # of a visitor no more is known than the source
                buckets[_key(caller, f"{field}:{caller.name}")] = bounds.caller
        wait = await self._shared(1, buckets)
        if wait is None:
            raise GuardUnavailable(field=", ".join(asked), seconds=ceil(_PAUSE_SECONDS))
        _refuse(wait)

    async def _shared(self, cost: int, buckets: Mapping[str, Bucket]) -> float | None:
        """The seconds to wait by Redis; None when it can't be asked."""
        if self._redis is None or monotonic() < self._away_until:
            return None
        numbers = [n for bucket in buckets.values() for n in (bucket.burst, bucket.per_second)]
        try:
            return float(await self._take(keys=list(buckets), args=[cost, *numbers]))
        except (RedisError, OSError, TimeoutError) as fault:
            self._away_until = monotonic() + _PAUSE_SECONDS
            log.warning("Redis does not answer (%s); each process limits rates by itself", fault)
            return None


def _key(caller: Caller, name: str) -> str:
    return f"shuke:rate:{{{caller.tenant_id}}}:{name}"


def _refuse(wait: float) -> None:
    if wait > 0:
        raise RateLimited(seconds=ceil(wait))
