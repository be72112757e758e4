"""`shuke migrate` as processes: killed in the middle, and started by many at the same moment."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.support.scratch import connection_to, empty_database

from shuke_core.app import installed_apps
from shuke_core.database.migrate import migrate, pending_migrations
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import Places

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def ground(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """An empty database of this test's own."""
    async with empty_database(servers) as places:
        yield places


def _start(places: Places) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "shuke_schema.cli", "migrate"],
        env={
            **own,
            "SHUKE_ENV": "test",
            "SHUKE_DATABASE_URL": places.app_dsn,
            "SHUKE_OWNER_DATABASE_URL": places.owner(),
            "SHUKE_REDIS_URL": places.redis_url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


async def _output(process: subprocess.Popen[str]) -> str:
    said, _ = await asyncio.to_thread(process.communicate, timeout=60)
    return said


async def _waits_for_a_lock(watch: asyncpg.Connection, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None
        if await watch.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock' AND wait_event = 'relation'"
        ):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the migration never came to the locked table")


async def test_killed_while_it_applies_it_leaves_the_former_migration(ground: Places) -> None:
    await migrate(ground.owner(), installed_apps(), targets={"core": "0001_initial"})
    missing = await pending_migrations(ground.owner(), installed_apps())
    assert missing[0] == "core.0002_queues_and_events"
    assert ground.admin_dsn is not None
    # What a transaction sees of pg_stat_activity stands still, so another connection watches.
    async with connection_to(ground.admin_dsn) as admin, connection_to(ground.admin_dsn) as watch:
        # 0002 makes the event table first, and then comes to this one.
        async with admin.transaction():
            await admin.execute("LOCK TABLE tenant IN ACCESS EXCLUSIVE MODE")
            process = _start(ground)
            try:
                await _waits_for_a_lock(watch, process)
            finally:
                process.send_signal(signal.SIGKILL)
                await _output(process)
            assert process.returncode == -signal.SIGKILL
        assert await pending_migrations(ground.owner(), installed_apps()) == missing
        assert await admin.fetchval("SELECT to_regclass('event')") is None

        again = _start(ground)
        assert f"{len(missing)} migrations applied." in await _output(again)
        assert again.returncode == 0
        assert await pending_migrations(ground.owner(), installed_apps()) == []
        assert await admin.fetchval("SELECT to_regclass('event')") == "event"


async def test_eight_at_once_apply_each_migration_once(ground: Places) -> None:
    wanted = await pending_migrations(ground.owner(), installed_apps())
    processes = [_start(ground) for _ in range(8)]
    said = await asyncio.gather(*(_output(process) for process in processes))
    assert [process.returncode for process in processes] == [0] * 8
    applied = [
        line.removeprefix("applying ").replace(" ", ".")
        for output in said
        for line in output.splitlines()
        if line.startswith("applying ")
    ]
    assert sorted(applied) == sorted(wanted)
    assert sum("The database is up to date." in output for output in said) == 7
