"""Streams hold each item once and have no holes: they only begin late, and say so."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from shuke_core.kit.ids import new_id
from shuke_core.live.streams import Streams
from shuke_core.live.topics import Item
from shuke_core.runtime import Runtime

TOPIC = "points"


@pytest_asyncio.fixture
async def streams(runtime: Runtime) -> AsyncIterator[Streams]:
    """On the run's Valkey; each test has a tenant of its own."""
    async with Streams(runtime.places.redis_url) as streams:
        yield streams


def _items(*positions: int) -> dict[str, list[Item]]:
    return {TOPIC: [Item(position, "points.moved", "k", b"{}", "") for position in positions]}


async def _between(streams: Streams, tenant: UUID, after: int, upto: int) -> list[int] | None:
    found = await streams.between(tenant, TOPIC, after, upto, limit=100)
    return None if found is None else [item.position for item in found]


async def test_what_is_handed_over_twice_is_kept_once(streams: Streams) -> None:
    tenant = new_id()
    assert await streams.append(tenant, 0, 10, _items(3, 7))
    assert not await streams.append(tenant, 0, 10, _items(3, 7))
    assert await streams.append(tenant, 0, 20, _items(3, 7, 12))  # a slower worker's longer batch
    assert await _between(streams, tenant, 0, 20) == [3, 7, 12]


async def test_a_batch_that_does_not_join_on_begins_the_stream_anew(streams: Streams) -> None:
    tenant = new_id()
    await streams.append(tenant, 0, 10, _items(3, 7))
    await streams.append(tenant, 30, 40, _items(33))  # an old Redis came back
    assert await _between(streams, tenant, 30, 40) == [33]
    assert await _between(streams, tenant, 7, 40) is None


async def test_what_redis_was_not_told_yet_is_not_taken_for_nothing(streams: Streams) -> None:
    tenant = new_id()
    await streams.append(tenant, 0, 10, _items(3))
    assert await _between(streams, tenant, 0, 10) == [3]
    assert await _between(streams, tenant, 0, 11) is None


async def test_another_tenants_stream_is_another(streams: Streams) -> None:
    one, other = new_id(), new_id()
    await streams.append(one, 0, 10, _items(3))
    assert await _between(streams, other, 0, 10) is None
