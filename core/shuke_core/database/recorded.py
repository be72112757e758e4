"""Compares the migrations that this version brings with those that the database has recorded."""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module

import asyncpg

from shuke_core.database.config import App


def brought_along(apps: Mapping[str, App]) -> Iterator[tuple[str, str]]:
    """(app, name) of every migration that this version has, in order."""
    for label, app in apps.items():
        package = import_module(app.migrations)
        names = (module.name for module in pkgutil.iter_modules(package.__path__))
        yield from ((label, name) for name in sorted(names) if not name.startswith("_"))


async def missing_migrations(connection: asyncpg.Connection, apps: Mapping[str, App]) -> list[str]:
    """The migrations of this version that the app does not find recorded, as `app.name`.

    What the database has beyond them is fine: a newer version has migrated it, and this process
    goes on until it is replaced. A database from before the app could look has them all missing.
    """
    wanted = list(brought_along(apps))
    try:
        rows = await connection.fetch("SELECT app, name FROM tortoise_migrations")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        rows = []
    there = {(row["app"], row["name"]) for row in rows}
    return [f"{app}.{name}" for app, name in wanted if (app, name) not in there]
