"""Examines a deployment: each examination is one sentence of finding and, if bad, what to do."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shuke_core.app import installed_apps
from shuke_core.database.config import credentials
from shuke_core.database.partitions import days_ahead
from shuke_core.database.recorded import missing_migrations
from shuke_core.database.roles import UnsafeRole, refuse_unsafe_role
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.places import Places, master_key
from shuke_core.settings import Settings, SettingsError
from shuke_core.tenants.errors import MasterKeyWrong, TenantKeysMissing
from shuke_core.tenants.keyring import MasterKey

OLDEST_POSTGRES = 15
OLDEST_REDIS = 7
_FEW_DAYS = 3
_OLD_SECONDS = 60
_DEADLINE = 5.0
_FEW_TENANTS = 20
_LOOK_AGAIN_SECONDS = 1.5

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
    try:
        app = await asyncpg.connect(**credentials(places.app_dsn), timeout=_DEADLINE)
    except (TimeoutError, OSError, asyncpg.PostgresError) as fault:
        yield _keys(settings, may_make=False)[0]
        yield _failed(
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


def _keys(settings: Settings, *, may_make: bool) -> tuple[Finding, MasterKey | None]:
    try:
        key = master_key(settings, may_make=may_make)
    except (ShukeError, SettingsError) as fault:
        remedy = "Set SHUKE_MASTER_KEY; keep a copy of it offline."
        return _failed("master key", str(fault), remedy), None
    kept = "in SHUKE_MASTER_KEY" if settings.master_key else f"in {settings.home / 'master.key'}"
    return _good("master key", f"{key.id}, {kept}"), key


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
    app: asyncpg.Connection, master: MasterKey, tenants: Sequence[UUID]
) -> Finding:
    """Whether the master key is the one that wrapped the tenants' keys."""
    subject = "tenants' keys"
    for tenant_id in tenants:
        async with app.transaction(readonly=True):
            await app.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))
            wrapped_by = await app.fetchval(
                "SELECT master_key_id FROM tenant_key WHERE tenant_id = $1", tenant_id
            )
        if wrapped_by is None:
            missing = TenantKeysMissing(tenant_id=tenant_id)
            return _failed(subject, str(missing), "It keeps its name and stores.")
        if wrapped_by != master.id:
            wrong = MasterKeyWrong(tenant_id=tenant_id, wanted=wrapped_by, found=master.id)
            return _failed(
                subject, str(wrong), f"Set SHUKE_MASTER_KEY to the key whose id is {wrapped_by}."
            )
    return _good(subject, f"wrapped by {master.id} ({len(tenants)} looked at)")


async def _database(app: asyncpg.Connection) -> AsyncIterator[Finding]:
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
    if missing := await missing_migrations(app, installed_apps()):
        yield _failed("migrations", f"missing: {', '.join(missing)}", "Run `shuke migrate`.")
        return
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
    yield await _relay(app)
    yield await _schedules(app)


async def _queue(app: asyncpg.Connection, name: str, table: str, waiting: str) -> Finding:
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        row = await app.fetchrow(
            f"SELECT count(*) FILTER (WHERE state = $1) AS waiting, "
            "count(*) FILTER (WHERE state = 'dead') AS dead, "
            "coalesce(extract(epoch FROM now() - min(due_at) FILTER "
            "(WHERE state = $1 AND due_at < 'infinity')), 0)::int "
            f"AS oldest FROM {table} WHERE state IN ($1, 'dead')",
            waiting,
        )
    if row["dead"]:
        return _warning(
            name,
            f"{row['dead']} are dead",
            "`shuke tenant dead SLUG` has the reasons; mend them, then `shuke tenant redrive SLUG`.",
        )
    if row["oldest"] > _OLD_SECONDS:
        return _warning(
            name,
            f"{row['waiting']} wait, the oldest for {row['oldest']} s",
            "Is a `shuke worker` running?",
        )
    return _good(name, f"{row['waiting']} waiting, none dead")


async def _relay(app: asyncpg.Connection) -> Finding:
    """Events that have no position yet: a running worker gives one within a moment.

    The dispatch role sees no times of events, so the oldest is looked at twice.
    """
    subject = "events"
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        row = await app.fetchrow(
            "SELECT count(*) AS waiting, min(seq) AS first FROM event WHERE position IS NULL"
        )
    if not row["waiting"]:
        return _good(subject, "none without a position")
    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        first = await app.fetchval("SELECT min(seq) FROM event WHERE position IS NULL")
    if first == row["first"]:
        return _warning(
            subject,
            f"{row['waiting']} have no position, and the first gets none",
            "Is a `shuke worker` running? Its log has what the relay fails on.",
        )
    return _good(subject, f"{row['waiting']} without a position, and fewer soon")


async def _schedules(app: asyncpg.Connection) -> Finding:
    async with app.transaction(readonly=True):
        await app.execute("SET LOCAL ROLE shuke_dispatch")
        late = await app.fetchval(
            "SELECT count(*) FROM schedule WHERE state = 'waiting' "
            "AND due_at < now() - make_interval(secs => $1)",
            float(_OLD_SECONDS),
        )
    if late:
        return _warning(
            "schedules",
            f"{late} are overdue for more than {_OLD_SECONDS} s",
            "Is a `shuke worker` running? One run makes up for all that was missed.",
        )
    return _good("schedules", "none is overdue")


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
