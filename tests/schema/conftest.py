"""The app as a client sees it, without a socket in between."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from shuke_core.runtime import Runtime
from shuke_schema.asgi import create_app
from shuke_schema.http.rates import Rates


@pytest_asyncio.fixture
async def client(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks HTTP with the app; faults come as answers, not as exceptions."""
    transport = httpx.ASGITransport(create_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client


@pytest_asyncio.fixture
async def rates(runtime: Runtime) -> AsyncIterator[Rates]:
    """Counts in Valkey; tests have tenants of their own, so they never share a bucket."""
    rates = Rates(runtime.places.redis_url)
    yield rates
    await rates.close()


@pytest_asyncio.fixture
async def guarded_client(runtime: Runtime, rates: Rates) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks HTTP with an app whose guarded fields can be answered."""
    transport = httpx.ASGITransport(create_app(rates=rates), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client
