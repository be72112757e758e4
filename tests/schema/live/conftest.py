"""A stage for each test; at its end nobody and nothing is left on it, and its log is clean."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.support.sockets import Stage, open_stage

from shuke_core.runtime import Runtime


@pytest_asyncio.fixture
async def stage(runtime: Runtime) -> AsyncIterator[Stage]:
    """A server with the documented limits."""
    async with open_stage(runtime) as stage:
        yield stage
        assert await stage.is_empty(), "groups, lines or sockets are left"
    assert stage.troubles == []
