"""Where this process finds PostgreSQL, Redis and the master key: set, or embedded on this machine."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shuke_core.database.config import credentials
from shuke_core.database.roles import APP, OWNER, ensure_database, ensure_roles
from shuke_core.kit.crypto import new_key
from shuke_core.settings import Settings, SettingsError
from shuke_core.tenants.errors import MasterKeyMissing
from shuke_core.tenants.master_keys import MasterKey

EMBEDDED_DATABASE = "shuke"


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses of what a process connects to. `admin_dsn` only exists for the embedded server."""

    app_dsn: str
    owner_dsn: str | None
    redis_url: str
    admin_dsn: str | None = None

    def owner(self) -> str:
        """The owner's address, or a sentence on how to give it."""
        if self.owner_dsn is None:
            raise SettingsError(
                "SHUKE_OWNER_DATABASE_URL is not set. Migrating, maintaining and creating tenants "
                f"connect as {OWNER}; the web and worker processes never do."
            )
        return self.owner_dsn


@contextmanager
def find_places(settings: Settings) -> Iterator[Places]:
    """Yields the addresses; holds the embedded servers, where they are used, until the end."""
    if not settings.embedded_database and not settings.embedded_redis:
        yield Places(
            settings.database_url or "", settings.owner_database_url, settings.redis_url or ""
        )
        return
    from shuke_core.embedded import EmbeddedServers  # an extra: only where it is used

    with EmbeddedServers.join(settings.home, durable=settings.env != "test") as servers:
        redis_url = settings.redis_url or servers.redis_url
        if settings.database_url is not None:
            yield Places(settings.database_url, settings.owner_database_url, redis_url)
            return
        yield Places(
            servers.dsn(user=APP, database=EMBEDDED_DATABASE),
            servers.dsn(user=OWNER, database=EMBEDDED_DATABASE),
            redis_url,
            servers.admin_dsn,
        )


async def prepare_database(places: Places) -> None:
    """Makes roles and database where we are the administrator, which is the embedded server."""
    if places.admin_dsn is None:
        return
    admin = await asyncpg.connect(**credentials(places.admin_dsn))
    try:
        await ensure_roles(admin)
        await ensure_database(admin, str(credentials(places.app_dsn)["database"]))
    finally:
        await admin.close()


def master_key(settings: Settings, *, may_make: bool) -> MasterKey:
    """The master key from the settings; with the embedded database it is kept in home.

    It is made there if it is missing and `may_make`, which holds until there is a first tenant:
    afterwards a fresh key would seal new data apart from the old.
    """
    if settings.master_key is not None:
        try:
            return MasterKey.from_text(settings.master_key.get_secret_value())
        except ValueError as wrong:
            raise SettingsError(str(wrong)) from None
    if not settings.embedded_database:
        raise MasterKeyMissing()
    path = settings.home / "master.key"
    if not may_make and not path.exists():
        raise SettingsError(
            f"{path} is gone, but tenants' keys were wrapped by what was in it. Put it back, or "
            "set SHUKE_MASTER_KEY to its content; without it sealed values are lost."
        )
    return MasterKey.from_text(_kept_key(path))


def former_master_keys(settings: Settings) -> tuple[MasterKey, ...]:
    """The master keys of before, from the settings; raises SettingsError for one that is none."""
    written = settings.former_master_keys
    if written is None:
        return ()
    try:
        return tuple(
            MasterKey.from_text(each.strip()) for each in written.get_secret_value().split(",")
        )
    except ValueError:
        raise SettingsError(
            "SHUKE_FORMER_MASTER_KEYS must be keys of exactly 32 bytes in base64, comma separated."
        ) from None


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(base64.b64encode(new_key()).decode())
        try:  # a hard link never replaces: of two first starts, one key stays
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
