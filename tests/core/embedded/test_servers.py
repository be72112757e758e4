"""Joining and leaving: one pair of servers per home, for as long as anybody holds it."""

import asyncio
import json
import tempfile
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest
import redis
from tests.core.embedded.conftest import Child

from shuke_core.embedded import EmbeddedServers
from shuke_core.embedded.presence import is_held

pytestmark = pytest.mark.slow

HOLD = """
    import sys
    from pathlib import Path
    from shuke_core.embedded import EmbeddedServers
    servers = EmbeddedServers.join(Path(sys.argv[1]), durable=False)
    print(servers.postgres.recorded_pid(), servers.valkey.recorded_pid(), flush=True)
    sys.stdin.read()
    servers.leave()
"""
COME_AND_GO = """
    import asyncio, sys
    from pathlib import Path
    import asyncpg, redis
    from shuke_core.embedded import EmbeddedServers

    async def count(dsn):
        connection = await asyncpg.connect(dsn)
        await connection.execute("insert into visit default values")
        await connection.close()

    for _ in range(6):
        with EmbeddedServers.join(Path(sys.argv[1]), durable=False) as servers:
            asyncio.run(count(servers.admin_dsn))
            with redis.Redis.from_url(servers.redis_url) as client:
                assert client.ping()
    print("done")
"""


async def values(servers: EmbeddedServers, *queries: str) -> list[object]:
    connection = await asyncpg.connect(servers.admin_dsn)
    try:
        return [await connection.fetchval(query) for query in queries]
    finally:
        await connection.close()


async def test_postgres_18_is_set_up_as_promised(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "6000", "PGDATA": "/nowhere", "LC_ALL": "tr_TR"}.items():
        monkeypatch.setenv(name, value)
    shown = {
        "server_version_num": "18",
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "jit": "off",
        "TimeZone": "UTC",
        "listen_addresses": "",
    }
    with EmbeddedServers.join(home) as servers:
        found = await values(servers, *(f"show {name}" for name in shown))
        [lowered] = await values(servers, "select lower('ÄÉ熟客I')")
    assert [str(found[0])[:2], *found[1:]] == list(shown.values())
    assert lowered == "äé熟客i"


async def test_a_home_for_tests_does_without_fsync(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await values(servers, "show fsync", "show synchronous_commit") == ["off", "on"]


def test_valkey_keeps_nothing_and_listens_on_its_socket_only(home: Path) -> None:
    with (
        EmbeddedServers.join(home, durable=False) as servers,
        redis.Redis.from_url(servers.redis_url, decode_responses=True) as client,
    ):
        assert client.info("server")["server_name"] == "valkey"
        assert client.config_get("port", "save", "appendonly", "maxmemory-policy") == {
            "port": "0",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
        }


async def test_rows_survive_the_last_leave_and_the_addresses_stay(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as first:
        await values(first, "create table kept as select 7 as number")
    with EmbeddedServers.join(home, durable=False) as second:
        assert await values(second, "select number from kept") == [7]
        assert (second.admin_dsn, second.redis_url) == (first.admin_dsn, first.redis_url)


async def test_other_roles_and_databases_are_reached_by_dsn(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        await values(servers, 'create role "app@shuke" login')
        await values(servers, 'create database "shop/熟客"')
        connection = await asyncpg.connect(servers.dsn(user="app@shuke", database="shop/熟客"))
        row = await connection.fetchrow("select current_user::text, current_database()::text")
        await connection.close()
    assert tuple(row) == ("app@shuke", "shop/熟客")


async def test_a_home_with_a_long_and_odd_name(home: Path) -> None:
    odd = home.parent / ("x" * 120) / 'a $HOME `b` "c", 熟客'
    with EmbeddedServers.join(odd, durable=False) as servers:
        assert await values(servers, "select 1") == [1]
        assert len(str(servers.postgres.socket_path)) < 104
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()


def test_the_last_to_leave_stops_the_servers_and_takes_the_sockets_away(home: Path) -> None:
    first = EmbeddedServers.join(home, durable=False)
    second = EmbeddedServers.join(home, durable=False)
    first.leave()
    first.leave()
    assert second.postgres.is_ready()
    assert second.valkey.is_ready()
    second.leave()
    assert not is_held(second.postgres.lock_path)
    assert not is_held(second.valkey.lock_path)
    assert not Path(unquote(second.redis_url.removeprefix("unix://"))).parent.exists()


def test_eight_processes_at_once_get_the_same_servers(home: Path, child: Child) -> None:
    children = [child(HOLD, home) for _ in range(8)]
    seen = {process.stdout.readline() for process in children if process.stdout}
    assert len(seen) == 1
    assert [int(pid) > 0 for pid in seen.pop().split()] == [True, True]
    for process in children:
        process.communicate("")
    assert [process.returncode for process in children] == [0] * 8
    assert not is_held(home / "valkey.lock")


async def test_processes_that_come_and_go_never_lose_their_servers(
    home: Path, child: Child
) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        await values(servers, "create table visit (at timestamptz default now())")
    children = [child(COME_AND_GO, home) for _ in range(4)]
    assert [process.communicate()[0] for process in children] == ["done\n"] * 4
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await values(servers, "select count(*) from visit") == [24]


def test_servers_outlive_kill_9_of_every_holder_and_the_next_one_finds_them(
    home: Path, child: Child
) -> None:
    holder = child(HOLD, home)
    assert holder.stdout is not None
    pids = holder.stdout.readline()
    holder.kill()
    holder.wait()
    with EmbeddedServers.join(home, durable=False) as servers:
        found = f"{servers.postgres.recorded_pid()} {servers.valkey.recorded_pid()}\n"
        assert found == pids
    assert not is_held(servers.postgres.lock_path)


def test_ctrl_c_in_the_terminal_spares_the_servers(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        for server in (servers.postgres, servers.valkey):
            process = server.process()
            assert process is not None
            stat = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            our_stat = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
            session, terminal, our_session = stat[3], stat[4], our_stat[3]
            assert session != our_session
            assert terminal == "0"


def test_places_are_written_down_in_the_home(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        assert json.loads((home / "places.json").read_text()) == {
            "home": str(home),
            "sockets": str(servers.valkey.socket_path.parent),
            "postgres": str(home / "postgres"),
        }


async def test_a_temp_folder_that_is_gone_is_replaced_by_another(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_lived = home.parent / "temp"
    await asyncio.to_thread(short_lived.mkdir, 0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(short_lived))
    with EmbeddedServers.join(home, durable=False) as servers:
        assert servers.postgres.socket_path.is_relative_to(short_lived)
    await asyncio.to_thread(short_lived.rmdir)
    monkeypatch.setattr(tempfile, "tempdir", str(home.parent))
    for _ in range(2):
        with EmbeddedServers.join(home, durable=False) as servers:
            assert servers.postgres.socket_path.parents[2] == home.parent
            assert await values(servers, "select 1") == [1]


async def test_a_home_that_was_moved_keeps_its_rows(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        await values(servers, "create table kept as select 7 as number")
    moved = await asyncio.to_thread(home.rename, home.with_name("moved"))
    with EmbeddedServers.join(moved, durable=False) as servers:
        assert await values(servers, "select number from kept") == [7]
