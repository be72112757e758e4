"""As root PostgreSQL runs as a user of its own, wherever home and venv lie."""

import os
import shutil
from pathlib import Path

import asyncpg
import pytest
from tests.core.embedded.conftest import Child

from shuke_core.embedded import EmbeddedError, EmbeddedServers, places
from shuke_core.embedded.account import Account
from shuke_core.embedded.binaries import postgres_tree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it is about running as root"),
]

JOIN = """
    import asyncio, os, sys
    from pathlib import Path
    import asyncpg, psutil
    from shuke_core.embedded import EmbeddedServers, places
    places.OUTSIDE = Path(sys.argv[2])
    if len(sys.argv) > 3:
        # Only now: the interpreter itself may lie where that user can't read.
        os.setgroups([])
        os.setgid(int(sys.argv[3]))
        os.setuid(int(sys.argv[3]))

    async def directory(dsn):
        connection = await asyncpg.connect(dsn)
        found = await connection.fetchval("show data_directory")
        await connection.close()
        return found

    with EmbeddedServers.join(Path(sys.argv[1]), durable=False) as servers:
        print(asyncio.run(directory(servers.admin_dsn)))
        print(servers.postgres.process().username(), servers.valkey.process().username())
        print(servers.postgres.process().exe())
"""


async def value(servers: EmbeddedServers, query: str) -> object:
    connection = await asyncpg.connect(servers.admin_dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def closed(home: Path) -> Path:
    """A folder as /root is: root's, 0700."""
    closed = home.parent / "root"
    closed.mkdir(mode=0o700)
    return closed


async def test_a_home_below_a_closed_folder_has_its_data_outside(closed: Path) -> None:
    home = closed / "clone/.shuke"
    with EmbeddedServers.join(home, durable=False) as servers:
        await value(servers, "create table kept as select 7 as number")
        folder = servers.postgres.data.parent
    assert folder.parent == places.OUTSIDE
    assert f'"postgres": "{folder}"' in (home / "places.json").read_text()
    assert str(home) in (folder / "made-by-shuke.txt").read_text().splitlines()
    assert mode(closed) == 0o700
    with EmbeddedServers.join(home, durable=False) as servers:
        assert await value(servers, "select number from kept") == 7


async def test_deleting_such_a_home_deletes_its_data_at_the_next_start(closed: Path) -> None:
    home = closed / "home"
    with EmbeddedServers.join(home, durable=False) as servers:
        await value(servers, "create table kept as select 7 as number")
        old = servers.postgres.data.parent
    with EmbeddedServers.join(closed / "neighbour", durable=False) as neighbour:
        shutil.rmtree(home)
        with EmbeddedServers.join(home, durable=False) as servers:
            assert await value(servers, "select to_regclass('kept')") is None
        assert not old.exists()
        assert await value(neighbour, "select 1") == 1


def test_no_way_out_names_the_closed_folder_and_the_fix(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "OUTSIDE", closed / "outside")
    with pytest.raises(EmbeddedError) as caught:
        EmbeddedServers.join(closed / "home", durable=False)
    assert caught.value.code == "embedded.folder_refused"
    assert caught.value.facts == {"closed": closed / "home", "outside": closed / "outside"}
    assert str(closed / "home") in str(caught.value)
    assert "/srv" in str(caught.value)


def test_a_venv_below_a_closed_folder_has_its_programs_copied(
    closed: Path, home: Path, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = postgres_tree().parent
    shutil.copytree(package, closed / package.name)
    shutil.copytree(f"{package}.libs", closed / f"{package.name}.libs")
    monkeypatch.setenv("PYTHONPATH", str(closed))
    shells = []
    for _ in range(2):
        output = child(JOIN, home, places.OUTSIDE).communicate()[0].splitlines()
        assert output[0] == str(home / "postgres/data"), output
        assert output[1] == "shuke_postgres root"
        shells.append(output[2])
    assert shells[0] == shells[1]
    assert Path(shells[0]).is_relative_to(places.OUTSIDE)
    assert len(list(places.OUTSIDE.iterdir())) == 1


def test_an_ordinary_user_has_everything_in_the_home(ground: Path, child: Child) -> None:
    nobody = 65534
    if not Account(nobody, nobody).can_enter(postgres_tree() / "bin"):
        pytest.skip(f"an ordinary user cannot enter {postgres_tree()}")
    own = ground / "own"
    own.mkdir()
    os.chown(own, nobody, nobody)
    ground.chmod(0o1777)
    output = child(JOIN, own / "home", ground / "outside", nobody).communicate()[0]
    assert output.splitlines()[:2] == [str(own / "home/postgres/data"), "nobody nobody"]
    assert mode(own / "home") == 0o700
    assert not (ground / "outside").exists()
    with_roots_files = ground / "roots"
    with_roots_files.mkdir()
    output = child(JOIN, with_roots_files, ground / "outside", nobody).communicate()[0]
    assert f"{with_roots_files}/start.lock cannot be used: Permission denied" in output
