"""Examines a deployment: each examination is one sentence of finding and, if bad, what to do."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import Enum

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shuke_core.app import installed_apps
from shuke_core.database.config import credentials
from shuke_core.database.migrate import pending_migrations
from shuke_core.database.partitions import days_ahead
from shuke_core.database.roles import UnsafeRole, refuse_unsafe_role
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.places import Places, master_key
from shuke_core.settings import Settings, SettingsError

OLDEST_POSTGRES = 15
OLDEST_REDIS = 7
_FEW_DAYS = 3
_OLD_SECONDS = 60
_DEADLINE = 5.0

# Waiting and dead rows of all tenants: the dispatch role sees states and times, nothing else.
_WAITING: Mapping[str, tuple[str, str]] = {
    "messages": ("inbox", "pending"),
    "parked events": ("parked_event", "parked"),
}


class Health(Enum):
    """How serious a finding is. Only FAILED makes the exit code 1."""

    GOOD = "good"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it when it is not good."""

    subject: str
    health: Health
    sentence: str
    remedy: str = ""


def _good(subject: str, sentence: str) -> Finding:
    return Finding(subject, Health.GOOD, sentence)


def _failed(subject: str, sentence: str, remedy: str) -> Finding:
    return Finding(subject, Health.FAILED, sentence, remedy)


def _warning(subject: str, sentence: str, remedy: str) -> Finding:
    return Finding(subject, Health.WARNING, sentence, remedy)


async def examine(settings: Settings, places: Places) -> AsyncIterator[Finding]:
    """Looks at everything, also when a part does not answer; yields findings as they come."""
    yield _keys(settings)
    try:
        app = await asyncpg.connect(**credentials(places.app_dsn), timeout=_DEADLINE)
    except (TimeoutError, OSError, asyncpg.PostgresError) as fault:
        yield _failed(
            "PostgreSQL",
            f"does not let us in: {fault}",
            "Check SHUKE_DATABASE_URL and that the server runs; on a new server, `shuke migrate`.",
        )
    else:
        try:
            async for finding in _database(app, places):
                yield finding
        finally:
            await app.close()
    yield await _redis(places)


def _keys(settings: Settings) -> Finding:
    try:
        key = master_key(settings)
    except (ShukeError, SettingsError) as fault:
        return _failed("master key", str(fault), "Set SHUKE_MASTER_KEY; keep a copy of it offline.")
    kept = "in SHUKE_MASTER_KEY" if settings.master_key else f"in {settings.home / 'master.key'}"
    return _good("master key", f"{key.id}, {kept}")


async def _database(app: asyncpg.Connection, places: Places) -> AsyncIterator[Finding]:
    version = app.get_server_version()
    if version.major < OLDEST_POSTGRES:
        yield _failed(
            "PostgreSQL", f"is version {version.major}", f"Shuke needs {OLDEST_POSTGRES} or newer."
        )
    else:
        yield _good("PostgreSQL", f"version {version.major}.{version.minor}")
    try:
        await refuse_unsafe_role(app)
        yield _good(
            "database role", f"{app.get_settings().session_authorization} is bound by row security"
        )
    except UnsafeRole as unsafe:
        yield _failed("database role", str(unsafe), "Connect as shuke_app.")
    if await app.fetchval("SELECT to_regclass('public.tenant') IS NULL"):
        yield _failed("migrations", "the database is empty", "Run `shuke migrate`.")
        return
    if places.owner_dsn is None:
        yield _warning(
            "migrations",
            "can't be compared without SHUKE_OWNER_DATABASE_URL",
            "Set it where you run `shuke doctor`; the web and worker processes need not have it.",
        )
    elif missing := await pending_migrations(places.owner_dsn, installed_apps()):
        yield _failed("migrations", f"missing: {', '.join(missing)}", "Run `shuke migrate`.")
    else:
        yield _good("migrations", "all applied")
    days = await days_ahead(app, clock.now().date())
    if days < _FEW_DAYS:
        yield _warning(
            "partitions",
            f"reach {days} days ahead; later events go to the default partition",
            "Run `shuke maintain` daily.",
        )
    else:
        yield _good("partitions", f"reach {days} days ahead")
    for name, (table, waiting) in _WAITING.items():
        yield await _queue(app, name, table, waiting)


async def _queue(app: asyncpg.Connection, name: str, table: str, waiting: str) -> Finding:
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        row = await app.fetchrow(
            f"SELECT count(*) FILTER (WHERE state = $1) AS waiting, "
            "count(*) FILTER (WHERE state = 'dead') AS dead, "
            "coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE state = $1)), 0)::int "
            f"AS oldest FROM {table}",
            waiting,
        )
    if row["dead"]:
        return _warning(
            name,
            f"{row['dead']} are dead",
            "Look at the reasons in the worker's log, mend them, then `shuke tenant redrive SLUG`.",
        )
    if row["oldest"] > _OLD_SECONDS:
        return _warning(
            name,
            f"{row['waiting']} wait, the oldest for {row['oldest']} s",
            "Is a `shuke worker` running?",
        )
    return _good(name, f"{row['waiting']} waiting, none dead")


async def _redis(places: Places) -> Finding:
    client = Redis.from_url(places.redis_url, socket_timeout=_DEADLINE)
    try:
        info = await client.info("server")
    except (TimeoutError, RedisError, OSError) as fault:
        return _warning(
            "Redis",
            f"does not answer: {fault}",
            "Work goes on by polling, up to a second later. Check SHUKE_REDIS_URL and the server.",
        )
    finally:
        await client.aclose()
    kind, text = (
        ("Valkey", info["valkey_version"])
        if "valkey_version" in info
        else ("Redis", info["redis_version"])
    )
    if kind == "Redis" and int(str(text).split(".")[0]) < OLDEST_REDIS:
        return _failed("Redis", f"is version {text}", f"Shuke needs {OLDEST_REDIS} or newer.")
    return _good("Redis", f"{kind} {text}")
