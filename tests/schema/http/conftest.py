"""Rate limits on the run's own Valkey."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shuke_core.runtime import Runtime
from shuke_schema.http.rates import Rates


@pytest_asyncio.fixture
async def rates(runtime: Runtime) -> AsyncIterator[Rates]:
    """Counts in Valkey; tests have tenants of their own, so they never share a bucket."""
    rates = Rates(runtime.places.redis_url)
    yield rates
    await rates.close()
