"""Two tenants with rows in every table: one pair where all tests run, one in a scratch database."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio
from tests.support.full_tenants import Pair, Scratch, full_pair
from tests.support.scratch import connection_to, migrated_database, own_pool
from tests.support.without_filters import functions_without_filters

from shuke_core.embedded import EmbeddedServers
from shuke_core.runtime import Runtime


@pytest_asyncio.fixture(scope="session")
async def pair(runtime: Runtime) -> Pair:
    """Two tenants with rows in every table, in this worker's database."""
    return await full_pair(runtime)


@pytest_asyncio.fixture(scope="session")
async def scratch(servers: EmbeddedServers, runtime: Runtime) -> AsyncIterator[Scratch]:
    """The same in a database whose SQL functions filter by no tenant any more."""
    async with migrated_database(servers) as places:
        async with own_pool(places, 4):
            made = await full_pair(replace(runtime, places=places))
        async with connection_to(places.owner()) as owner:
            assert await functions_without_filters(owner) > 20
        yield Scratch(places, made)
