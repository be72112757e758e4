"""A till in this test's shop."""

import pytest_asyncio
from tests.core.orders.till import Till
from tests.support.shop import Shop


@pytest_asyncio.fixture
async def till(shop: Shop) -> Till:
    """A till that tells of stores S1 and S2."""
    return await Till.at(shop)
