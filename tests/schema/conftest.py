"""The app as a client sees it, without a socket in between."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from shuke_core.runtime import Runtime
from shuke_schema.asgi import create_app


@pytest_asyncio.fixture
async def client(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks HTTP with the app; faults come as answers, not as exceptions."""
    transport = httpx.ASGITransport(create_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client
