"""A database made for one test or module: its catalogue may be bent without disturbing the others."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
from tortoise.context import TortoiseContext

from shuke_core.app import installed_apps
from shuke_core.database.config import App, credentials, tortoise_config
from shuke_core.database.migrate import migrate
from shuke_core.database.roles import APP, OWNER, ensure_database, ensure_roles
from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.engine import ShukeClient, app_client
from shuke_core.places import Places


@asynccontextmanager
async def connection_to(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection, outside of any unit of work."""
    connection = await asyncpg.connect(**credentials(dsn))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def empty_database(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """A database of nothing, owned by the owner role; `admin_dsn` leads into it. Dropped after."""
    name = f"shuke_scratch_{secrets.token_hex(6)}"
    async with connection_to(servers.admin_dsn) as admin:
        await ensure_roles(admin)
        await ensure_database(admin, name)
    try:
        yield Places(
            servers.dsn(user=APP, database=name),
            servers.dsn(user=OWNER, database=name),
            servers.redis_url,
            servers.dsn(user="postgres", database=name),
        )
    finally:
        async with connection_to(servers.admin_dsn) as admin:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def migrated_database(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """A scratch database that has been brought to the newest migrations."""
    async with empty_database(servers) as places:
        await migrate(places.owner(), installed_apps())
        yield places


@asynccontextmanager
async def own_pool(
    places: Places, size: int, apps: Mapping[str, App] | None = None, **options: int
) -> AsyncIterator[ShukeClient]:
    """Units of work of the caller's task, and of tasks it starts, use this pool instead."""
    config = tortoise_config(
        places.app_dsn,
        apps or installed_apps(),
        engine="shuke_core.kit.engine",
        minsize=1,
        maxsize=size,
        **options,
    )
    async with TortoiseContext() as context:
        await context.init(config=config)
        client = app_client()
        try:
            yield client
        finally:
            await client.close()
