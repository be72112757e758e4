"""Through PgBouncer in transaction mode: stories run, tenants stay apart, on fewer connections."""

import asyncio
import configparser
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.contracts.house import ROOT
from tests.support.fleet import free_port
from tests.support.scratch import migrated_database, own_pool
from tests.support.shop import open_shop

from shuke_core.database.config import credentials
from shuke_core.embedded import EmbeddedServers
from shuke_core.embedded.account import postgres_account
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.places import Places
from shuke_core.runtime import Runtime

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed here (Debian has it)"),
]
SERVERS = 3


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PgBouncer's user may enter."""
    made = Path(tempfile.mkdtemp(prefix="shuke-pgb-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


async def _bounced(folder: Path, places: Places) -> tuple["subprocess.Popen[bytes]", int]:
    """PgBouncer over the database, with the shipped settings but for addresses and log-in."""
    shipped = configparser.RawConfigParser()
    shipped.read(ROOT / "deploy" / "pgbouncer.ini")
    # Unknown below 1.21, as the file says; the pool of this test keeps no statements either.
    shipped.remove_option("pgbouncer", "max_prepared_statements")
    to, port = credentials(places.app_dsn), free_port()
    shipped["databases"] = {
        to["database"]: f"host={to['host']} port={to['port']} dbname={to['database']}"
    }
    users = folder / "users.txt"
    users.write_text('"shuke_app" ""\n')
    own = {
        "listen_port": str(port), "auth_type": "trust", "auth_file": str(users),
        "unix_socket_dir": "", "default_pool_size": str(SERVERS),
    }  # fmt: skip
    shipped["pgbouncer"] = {**shipped["pgbouncer"], **own}
    with (folder / "pgbouncer.ini").open("w") as file:
        shipped.write(file)
    as_user: list[str] = []
    if (uid := postgres_account().uid) is not None:
        as_user = ["-u", pwd.getpwuid(uid).pw_name]
    assert PROGRAM is not None
    words = [PROGRAM, "-q", *as_user, str(folder / "pgbouncer.ini")]
    process = await asyncio.to_thread(subprocess.Popen[bytes], words)
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.poll() is None
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return process, port


async def test_two_tenants_share_three_connections_and_never_meet(
    servers: EmbeddedServers, runtime: Runtime, folder: Path
) -> None:
    async with migrated_database(servers) as places:
        process, port = await _bounced(folder, places)
        database = credentials(places.app_dsn)["database"]
        through = Places(
            f"postgresql://shuke_app@127.0.0.1:{port}/{database}?sslmode=disable",
            places.owner(),
            places.redis_url,
        )
        try:
            async with own_pool(through, 12, statement_cache_size=0):
                here = Runtime(runtime.settings, through)
                shops = [
                    await open_shop(here, points_per_yuan=Decimal(1), expires_after_days=None)
                    for _ in range(2)
                ]
                for shop in shops:
                    await shop.sold(shop.ticket(phone="13800138000"))
                wrong: list[object] = []

                async def look(turn: int) -> None:
                    mine = shops[turn % 2].tenant_id
                    async with unit_of_work(mine):
                        rows = await fetch(
                            "SELECT DISTINCT tenant_id, $1::uuid = tenant_id AS mine FROM orders"
                        )
                        await asyncio.sleep(0.001)
                        rows += await fetch(
                            "SELECT tenant_id, $1::uuid = tenant_id AS mine FROM member"
                        )
                    wrong.extend(row for row in rows if not row["mine"])
                    assert len(rows) == 2

                await asyncio.gather(*(look(turn) for turn in range(200)))
                assert wrong == []
                for shop in shops:
                    assert (await shop.verified()).issued == 12
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)
