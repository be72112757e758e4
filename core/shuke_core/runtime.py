"""Puts a process in running order: settings, servers, the refused roles, the connection pool."""

import pkgutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module

import asyncpg
from tortoise.context import TortoiseContext

from shuke_core.app import installed_apps
from shuke_core.database.config import App, credentials, tortoise_config
from shuke_core.database.roles import refuse_unsafe_role
from shuke_core.kit.engine import app_client
from shuke_core.places import Places, find_places, master_key, prepare_database
from shuke_core.settings import Settings
from shuke_core.tenants.keyring import use_master_key


@dataclass(frozen=True, slots=True)
class Runtime:
    """A process in running order."""

    settings: Settings
    places: Places


class NotMigrated(Exception):
    """The database has not been migrated by this version's migrations."""


def _brought_along(apps: Mapping[str, App]) -> Iterator[tuple[str, str]]:
    """(app, name) of every migration that this version has, in order."""
    for label, app in apps.items():
        package = import_module(app.migrations)
        names = (module.name for module in pkgutil.iter_modules(package.__path__))
        yield from ((label, name) for name in sorted(names) if not name.startswith("_"))


async def missing_migrations(
    connection: asyncpg.Connection, apps: Mapping[str, App]
) -> list[str]:
    """The migrations of this version that the app does not find recorded, as `app.name`.

    What the database has beyond them is fine: a newer version has migrated it, and this process
    goes on until it is replaced. A database from before the app could look has them all missing.
    """
    wanted = list(_brought_along(apps))
    try:
        rows = await connection.fetch("SELECT app, name FROM tortoise_migrations")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        rows = []
    there = {(row["app"], row["name"]) for row in rows}
    return [f"{app}.{name}" for app, name in wanted if (app, name) not in there]


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
    finally:
        await check.close()
    use_master_key(master_key(settings, may_make=not has_tenants))
    config = tortoise_config(
        places.app_dsn,
        installed_apps(),
        engine="shuke_core.kit.engine",
        minsize=1,
        maxsize=settings.pool_size,
    )
    async with TortoiseContext() as context:
        await context.init(config=config, _enable_global_fallback=True)
        try:
            yield Runtime(settings, places)
        finally:
            await app_client().close()
            use_master_key(None)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Everything a web, worker or command-line process needs, taken down again at the end."""
    with find_places(settings) as places:
        await prepare_database(places)
        async with connected(settings, places) as runtime:
            yield runtime
