"""Tenants whose people the judge knows as well."""

from decimal import Decimal

import asyncpg
import pytest_asyncio
from tests.schema.projection.people import People, write
from tests.schema.projection.trial import Tenant
from tests.support.shop import open_shop

from shuke_core.database.config import credentials
from shuke_core.runtime import Runtime

TENANTS = 12


@pytest_asyncio.fixture(scope="session")
async def tenants(runtime: Runtime) -> list[Tenant]:
    """A dozen tenants of nasty data."""
    owner = await asyncpg.connect(**credentials(runtime.places.owner()))
    made = []
    try:
        for seed in range(TENANTS):
            shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)
            people = People(seed)
            await write(owner, shop.tenant_id, people)
            made.append(Tenant(shop.tenant_id, people))
    finally:
        await owner.close()
    return made
