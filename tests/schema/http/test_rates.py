"""Rate limits: by caller, source and tenant, by cost; and what happens without Redis."""

import asyncio
from contextlib import suppress
from time import monotonic

import httpx
import pytest
from tests.schema.http.arcade import arcade
from tests.support.shop import Shop

from shuke_schema.http.errors import RateLimited
from shuke_schema.http.limits import Bucket, Limits
from shuke_schema.http.rates import Caller, Rates

_WIDE = Bucket(1_000_000, 1_000_000)
_FEW = Bucket(20, 0.001)
NOBODY_LISTENS = "redis://127.0.0.1:1"


async def _statuses(
    rates: Rates, shop: Shop, limits: Limits, *tokens: str, query: str = "{games(first:10){name}}"
) -> list[int]:
    transport = httpx.ASGITransport(arcade(rates, limits))
    statuses = []
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        for token in tokens:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            answer = await client.post(
                f"/t/{shop.slug}/graphql", json={"query": query}, headers=headers
            )
            statuses.append(answer.status_code)
            if answer.status_code != 200:
                assert int(answer.headers["retry-after"]) > 0
    return statuses


def _limits(caller: Bucket = _WIDE, source: Bucket = _WIDE, tenant: Bucket = _WIDE) -> Limits:
    return Limits(caller=caller, source=source, tenant=tenant)


async def test_a_caller_pays_by_cost_and_others_go_on(rates: Rates, shop: Shop) -> None:
    found = await _statuses(rates, shop, _limits(caller=_FEW), "a", "a", "a", "b", "a", "")
    assert found == [200, 200, 429, 200, 429, 200]


async def test_a_source_pays_for_all_its_callers(rates: Rates, shop: Shop) -> None:
    assert await _statuses(rates, shop, _limits(source=_FEW), "a", "b", "c") == [200, 200, 429]


async def test_a_tenant_pays_for_all_its_callers_and_not_for_others(
    rates: Rates, shop: Shop, other_shop: Shop
) -> None:
    limits = _limits(tenant=_FEW)
    assert await _statuses(rates, shop, limits, "a", "b", "c") == [200, 200, 429]
    assert await _statuses(rates, other_shop, limits, "a") == [200]


async def test_a_bucket_fills_again(rates: Rates, shop: Shop) -> None:
    limits = _limits(caller=Bucket(10, 100))
    assert await _statuses(rates, shop, limits, "a") == [200]
    await asyncio.sleep(0.15)
    assert await _statuses(rates, shop, limits, "a") == [200]


async def test_processes_share_the_buckets(
    rates: Rates, shop: Shop, request: pytest.FixtureRequest
) -> None:
    other = Rates(request.getfixturevalue("places").redis_url)
    limits = _limits(caller=_FEW)
    assert await _statuses(rates, shop, limits, "a", "a") == [200, 200]
    assert await _statuses(other, shop, limits, "a") == [429]
    await other.close()


@pytest.mark.parametrize("url", [NOBODY_LISTENS, None])
async def test_without_redis_reads_go_on_in_a_smaller_bucket(shop: Shop, url: str | None) -> None:
    away = Rates(url)
    limits = _limits(caller=Bucket(100, 0.001))
    assert await _statuses(away, shop, limits, "a", "a", "a", "b") == [200, 200, 429, 200]
    await away.close()


LOG_IN = '{logIn(code:"guess")}'


async def test_what_could_be_guessed_has_few_tries_for_each_caller(
    rates: Rates, shop: Shop
) -> None:
    found = await _statuses(rates, shop, _limits(), "a", "a", "a", "b", query=LOG_IN)
    assert found == [200, 200, 429, 200]


async def test_and_twenty_times_as_many_for_a_source(rates: Rates, shop: Shop) -> None:
    callers = [str(number) for number in range(41)]
    found = await _statuses(rates, shop, _limits(), *callers, query=LOG_IN)
    assert found == [200] * 40 + [429]


async def test_visitors_are_known_by_their_source_alone(rates: Rates, shop: Shop) -> None:
    found = await _statuses(rates, shop, _limits(), *[""] * 41, query=LOG_IN)
    assert found == [200] * 40 + [429]


@pytest.mark.parametrize("url", [NOBODY_LISTENS, None])
async def test_without_redis_it_is_not_answered(shop: Shop, url: str | None) -> None:
    away = Rates(url)
    assert await _statuses(away, shop, _limits(), "a", query=LOG_IN) == [503]
    assert await _statuses(away, shop, _limits(), "a") == [200]
    await away.close()


# On credit

_BIG = Bucket(1_000, 0.001)  # a cost of 10 is a hundredth


async def _left(rates: Rates, shop: Shop) -> list[float]:
    """What Redis has noted of this shop's buckets that are not full."""
    assert rates._redis is not None
    found = [
        await rates._redis.hget(key, "left")  # type: ignore[misc]
        async for key in rates._redis.scan_iter(f"shuke:rate:{{{shop.tenant_id}}}:*")
    ]
    return sorted(float(left) for left in found if left is not None and float(left) < 1_001)


async def test_what_is_small_is_granted_first_and_told_to_redis_after(
    rates: Rates, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "shuke_schema.http.rates._CREDIT_SECONDS", 2.0
    )  # a slow machine's request ends before
    assert await _statuses(rates, shop, _limits(caller=_BIG), "credit") == [200]
    assert await _left(rates, shop) == []
    async with asyncio.timeout(20):
        while await _left(rates, shop) != [990.0]:  # noqa: ASYNC110 (Redis tells nobody)
            await asyncio.sleep(0.1)


async def test_an_empty_bucket_gives_no_credit(
    rates: Rates, shop: Shop, request: pytest.FixtureRequest
) -> None:
    limits = _limits(caller=_BIG)
    other = Rates(request.getfixturevalue("places").redis_url)
    hundred = "{games(first:99){name}}"
    assert await _statuses(other, shop, limits, *["c"] * 11, query=hundred) == [200] * 10 + [429]
    found = []
    for _ in range(4):
        found += await _statuses(rates, shop, limits, "c")
        await asyncio.sleep(0.1)
    # 990 of 1,000 were taken: 10 are left for the first, the second overdraws it on credit.
    assert found == [200, 200, 429, 429]
    await other.close()


async def test_on_credit_no_more_is_granted_than_the_bucket_refills(
    rates: Rates, shop: Shop
) -> None:
    """Asked as fast as it goes for two seconds: the burst, what came back meanwhile, and the credit
    of one moment."""
    caller = Caller(shop.tenant_id, "greedy", "192.0.2.7")
    limits = _limits(caller=Bucket(1_000, 1_000))
    granted, start = 0, monotonic()
    while (took := monotonic() - start) < 2:
        with suppress(RateLimited):
            await rates.take(caller, 10, limits)
            granted += 10
        await asyncio.sleep(0)
    assert 1_000 < granted <= 1_000 + took * 1_000 + 200
    polite = Caller(
        shop.tenant_id, "polite", "192.0.2.8"
    )  # the tenant and others still have theirs
    await rates.take(polite, 10, limits)
    assert rates._credit.grants(10, {"x": Bucket(1_000, 1)})


async def test_an_operator_scales_the_rates_and_not_what_a_document_may_be(
    rates: Rates, shop: Shop
) -> None:
    twice = _limits(caller=_FEW).at_rate(2)
    assert twice == _limits(
        caller=Bucket(40, 0.002), source=Bucket(2_000_000, 2e6), tenant=Bucket(2_000_000, 2e6)
    )
    assert await _statuses(rates, shop, twice, *["a"] * 5) == [200] * 4 + [429]
    assert _limits(caller=_FEW).at_rate(0.001).caller.burst == 1
