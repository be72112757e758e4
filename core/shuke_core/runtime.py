"""Puts a process in running order: settings, servers, the refused roles, the connection pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from tortoise.context import TortoiseContext

from shuke_core.app import installed_apps
from shuke_core.database.citus import has_citus
from shuke_core.database.config import credentials, tortoise_config
from shuke_core.database.recorded import missing_migrations
from shuke_core.database.roles import refuse_unsafe_role
from shuke_core.kit.engine import app_client
from shuke_core.places import (
    Places,
    find_places,
    former_master_keys,
    master_key,
    prepare_database,
)
from shuke_core.settings import Settings
from shuke_core.tenants.keyring import use_master_key
from shuke_core.wechat.client import WechatClient, use_wechat

# Times leave PostgreSQL as text in compiled reads, so the zone is ours to say. Their statements are
# long, few, and kept: one that asyncpg forgets is parsed and planned again.
CONNECTION_OPTIONS: dict[str, Any] = {
    "server_settings": {"timezone": "UTC"},
    "max_cacheable_statement_size": 0,
    "max_cached_statement_lifetime": 0,
}


@dataclass(frozen=True, slots=True)
class Runtime:
    """A process in running order."""

    settings: Settings
    places: Places


class NotMigrated(Exception):
    """The database has not been migrated by this version's migrations."""


async def _refuse_unmigrated(connection: asyncpg.Connection) -> None:
    if await connection.fetchval("SELECT to_regclass('public.tenant') IS NULL"):
        raise NotMigrated("The database is empty. Run `shuke migrate` first.")
    if missing := await missing_migrations(connection, installed_apps()):
        raise NotMigrated(
            f"The database lacks migrations of this version: {', '.join(missing)}. "
            "Run `shuke migrate` first."
        )


@asynccontextmanager
async def connected(settings: Settings, places: Places) -> AsyncIterator[Runtime]:
    """Opens the app's pool, after refusing a role that row security would not bind."""
    check = await asyncpg.connect(**credentials(places.app_dsn))
    try:
        await refuse_unsafe_role(check)
        await _refuse_unmigrated(check)
        has_tenants = await check.fetchval("SELECT EXISTS (SELECT FROM tenant)")
        is_distributed = await has_citus(check)
    finally:
        await check.close()
    use_master_key(master_key(settings, may_make=not has_tenants), former_master_keys(settings))
    config = tortoise_config(
        places.app_dsn,
        installed_apps(),
        engine="shuke_core.kit.engine",
        minsize=1,
        maxsize=settings.pool_size,
        **CONNECTION_OPTIONS,
        statement_cache_size=settings.statement_cache,
    )
    async with TortoiseContext() as context:
        await context.init(config=config, _enable_global_fallback=True)
        app_client().reads_go_alone = not is_distributed
        wechat = WechatClient(settings.wechat_url)
        use_wechat(wechat)
        try:
            yield Runtime(settings, places)
        finally:
            use_wechat(None)
            await wechat.close()
            await app_client().close()
            use_master_key(None)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Everything a web, worker or command-line process needs, taken down again at the end."""
    with find_places(settings) as places:
        await prepare_database(places)
        async with connected(settings, places) as runtime:
            yield runtime
