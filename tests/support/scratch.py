"""A database made for one test or module: its catalogue may be bent without disturbing the others."""

import asyncio
import fcntl
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from tortoise.context import TortoiseContext

from shuke_core.app import installed_apps
from shuke_core.database.config import App, credentials, tortoise_config
from shuke_core.database.migrate import migrate
from shuke_core.database.roles import APP, OWNER, ensure_database, ensure_roles
from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.engine import ShukeClient, app_client
from shuke_core.places import Places
from shuke_core.runtime import CONNECTION_OPTIONS, Runtime

_TEMPLATE = "shuke_template"


@asynccontextmanager
async def connection_to(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection, outside of any unit of work."""
    connection = await asyncpg.connect(**credentials(dsn))
    try:
        yield connection
    finally:
        await connection.close()


async def migrated_copy(servers: EmbeddedServers, name: str) -> None:
    """Makes the database of that name, brought to the newest migrations.

    The first of this run's processes migrates one to copy from, the others wait for it: the servers
    are those of one run, so it is never of other code. It gets its name once it is whole.
    """
    with (servers.home / "template.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        async with connection_to(servers.admin_dsn) as admin:
            await ensure_roles(admin)
            if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _TEMPLATE):
                await admin.execute(f'DROP DATABASE IF EXISTS "{_TEMPLATE}_making" WITH (FORCE)')
                await ensure_database(admin, f"{_TEMPLATE}_making")
                dsn = servers.dsn(user=OWNER, database=f"{_TEMPLATE}_making")
                await migrate(dsn, installed_apps())
                await admin.execute(f'ALTER DATABASE "{_TEMPLATE}_making" RENAME TO "{_TEMPLATE}"')
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}" OWNER {OWNER}')


def _places(servers: EmbeddedServers, name: str) -> Places:
    """The addresses of a database; `admin_dsn` leads into it."""
    return Places(
        servers.dsn(user=APP, database=name),
        servers.dsn(user=OWNER, database=name),
        servers.redis_url,
        servers.dsn(user="postgres", database=name),
    )


@asynccontextmanager
async def _dropped_after(servers: EmbeddedServers, name: str) -> AsyncIterator[Places]:
    try:
        yield _places(servers, name)
    finally:
        async with connection_to(servers.admin_dsn) as admin:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def empty_database(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """A database of nothing, owned by the owner role; `admin_dsn` leads into it. Dropped after."""
    name = _scratch_name()
    async with connection_to(servers.admin_dsn) as admin:
        await ensure_roles(admin)
        await ensure_database(admin, name)
    async with _dropped_after(servers, name) as places:
        yield places


@asynccontextmanager
async def migrated_database(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """A scratch database that has been brought to the newest migrations."""
    name = _scratch_name()
    await migrated_copy(servers, name)
    async with _dropped_after(servers, name) as places:
        yield places


def _scratch_name() -> str:
    return f"shuke_scratch_{secrets.token_hex(6)}"


@asynccontextmanager
async def own_pool(
    places: Places, size: int, apps: Mapping[str, App] | None = None, **options: Any
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


@asynccontextmanager
async def undisturbed(runtime: Runtime, servers: EmbeddedServers) -> AsyncIterator[Runtime]:
    """The process with a database of its own for the block: a worker that is timed finds no work of
    hundreds of other tests' tenants there, which it would rightly do first."""
    options = {**CONNECTION_OPTIONS, "statement_cache_size": runtime.settings.statement_cache}
    async with (
        migrated_database(servers) as places,
        own_pool(places, runtime.settings.pool_size, **options),
    ):
        yield Runtime(runtime.settings, places)
