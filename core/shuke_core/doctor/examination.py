"""Examines a deployment: each examination is one sentence of finding and, if bad, what to do."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shuke_core.app import installed_apps
from shuke_core.database.config import credentials
from shuke_core.database.partitions import days_ahead
from shuke_core.database.recorded import missing_migrations
from shuke_core.database.roles import UnsafeRole, refuse_unsafe_role
from shuke_core.doctor.findings import Finding, failed, good, warning
from shuke_core.doctor.waiting import waiting
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.places import Places, former_master_keys, master_key
from shuke_core.settings import Settings, SettingsError
from shuke_core.tenants.errors import MasterKeyWrong, TenantKeysMissing
from shuke_core.tenants.master_keys import Masters

OLDEST_POSTGRES = 15
OLDEST_REDIS = 7
_FEW_DAYS = 3
_DEADLINE = 5.0
_FEW_TENANTS = 20


async def examine(settings: Settings, places: Places) -> AsyncIterator[Finding]:
    """Looks at everything, also when a part does not answer; yields findings as they come."""
    try:
        app = await asyncpg.connect(**credentials(places.app_dsn), timeout=_DEADLINE)
    except (TimeoutError, OSError, asyncpg.PostgresError) as fault:
        yield _keys(settings, may_make=False)[0]
        yield failed(
            "PostgreSQL",
            f"does not let us in: {fault}",
            "Check SHUKE_DATABASE_URL and that the server runs; on a new server, `shuke migrate`.",
        )
    else:
        try:
            tenants = await _first_tenants(app)
            finding, key = _keys(settings, may_make=not tenants)
            yield finding
            if key is not None and tenants:
                yield await _wrapped_keys(app, key, tenants)
            async for finding in _database(app):
                yield finding
        finally:
            await app.close()
    yield await _redis(places)


def _keys(settings: Settings, *, may_make: bool) -> tuple[Finding, Masters | None]:
    try:
        key = master_key(settings, may_make=may_make)
        former = former_master_keys(settings)
    except (ShukeError, SettingsError) as fault:
        remedy = "Set SHUKE_MASTER_KEY; keep a copy of it offline."
        return failed("master key", str(fault), remedy), None
    kept = "in SHUKE_MASTER_KEY" if settings.master_key else f"in {settings.home / 'master.key'}"
    besides = f", {len(former)} former ones beside it" if former else ""
    return good("master key", f"{key.id}, {kept}{besides}"), Masters(key, former)


async def _first_tenants(app: asyncpg.Connection) -> list[UUID]:
    """Some tenants of the directory; none before the first migration."""
    try:
        rows = await app.fetch(
            f"SELECT id FROM tenant WHERE state = 'active' ORDER BY id LIMIT {_FEW_TENANTS}"
        )
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return []
    return [row["id"] for row in rows]


async def _wrapped_keys(
    app: asyncpg.Connection, masters: Masters, tenants: Sequence[UUID]
) -> Finding:
    """Whether the tenants' keys were wrapped by the master key, or by a former one at hand."""
    subject, is_behind = "tenants' keys", False
    for tenant_id in tenants:
        async with app.transaction(readonly=True):
            await app.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))
            wrapped_by = await app.fetchval(
                "SELECT master_key_id FROM tenant_key WHERE tenant_id = $1", tenant_id
            )
        if wrapped_by is None:
            missing = TenantKeysMissing(tenant_id=tenant_id)
            return failed(subject, str(missing), "It keeps its name and stores.")
        try:
            masters.that_wrapped(wrapped_by, tenant_id)
        except MasterKeyWrong as wrong:
            return failed(
                subject, str(wrong), f"Set SHUKE_MASTER_KEY to the key whose id is {wrapped_by}."
            )
        is_behind |= wrapped_by != masters.present.id
    if is_behind:
        return warning(
            subject, "some are wrapped by a former master key", "Run `shuke keys rotate`."
        )
    return good(subject, f"wrapped by {masters.present.id} ({len(tenants)} looked at)")


async def _database(app: asyncpg.Connection) -> AsyncIterator[Finding]:
    version = app.get_server_version()
    if version.major < OLDEST_POSTGRES:
        yield failed(
            "PostgreSQL", f"is version {version.major}", f"Shuke needs {OLDEST_POSTGRES} or newer."
        )
    else:
        yield good("PostgreSQL", f"version {version.major}.{version.minor}")
    try:
        await refuse_unsafe_role(app)
        yield good(
            "database role", f"{app.get_settings().session_authorization} is bound by row security"
        )
    except UnsafeRole as unsafe:
        yield failed("database role", str(unsafe), "Connect as shuke_app.")
    if await app.fetchval("SELECT to_regclass('public.tenant') IS NULL"):
        yield failed("migrations", "the database is empty", "Run `shuke migrate`.")
        return
    if missing := await missing_migrations(app, installed_apps()):
        yield failed("migrations", f"missing: {', '.join(missing)}", "Run `shuke migrate`.")
        return
    yield good("migrations", "all applied")
    days = await days_ahead(app, clock.now().date())
    if days < _FEW_DAYS:
        yield warning(
            "partitions",
            f"reach {days} days ahead; later events go to the default partition",
            "Run `shuke maintain` daily.",
        )
    else:
        yield good("partitions", f"reach {days} days ahead")
    async for finding in waiting(app):
        yield finding
    yield await _archiver(app)


async def _archiver(app: asyncpg.Connection) -> Finding:
    """WAL that can't be archived fills the disk, and no backup reaches past its beginning.

    The server tries the same file again until it succeeds, so what counts is which came last.
    """
    subject = "WAL archive"
    row = await app.fetchrow(
        "SELECT last_failed_wal, last_failed_time, last_failed_time IS NOT NULL AND "
        "last_failed_time >= coalesce(last_archived_time, '-infinity') AS fails "
        "FROM pg_stat_archiver"
    )
    if row["fails"]:
        return warning(
            subject,
            f"{row['last_failed_wal']} could not be archived, last tried at "
            f"{row['last_failed_time']:%Y-%m-%d %H:%M:%S} UTC; nothing was since",
            "The server's log has the reason. Until it is mended WAL piles up on the disk, and no "
            "restore reaches past that file.",
        )
    return good(subject, "no file is waiting for another attempt")


async def _redis(places: Places) -> Finding:
    client = Redis.from_url(places.redis_url, socket_timeout=_DEADLINE)
    try:
        info = await client.info("server")
    except (TimeoutError, RedisError, OSError) as fault:
        return warning(
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
        return failed("Redis", f"is version {text}", f"Shuke needs {OLDEST_REDIS} or newer.")
    return good("Redis", f"{kind} {text}")
