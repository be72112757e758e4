"""A tenant to which nothing has happened yet, so that positions begin at one."""

from decimal import Decimal

import pytest_asyncio
from tests.support.shop import Shop, open_shop

from shuke_core.runtime import Runtime


@pytest_asyncio.fixture
async def shop(runtime: Runtime) -> Shop:
    """A tenant without a till: setting one up is an act, and acts are events."""
    return await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365, till=False)
