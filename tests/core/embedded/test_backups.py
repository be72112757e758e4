"""A restore takes its time and is usable when it is whole; the archive keeps each file once."""

import subprocess
from pathlib import Path

import pytest

from shuke_core.embedded import EmbeddedServers, backups, server
from shuke_core.embedded.account import postgres_account
from shuke_core.embedded.backups import restore, take_backup
from shuke_core.embedded.errors import EmbeddedError
from shuke_core.embedded.places import Places
from shuke_core.embedded.postgres import Postgres

pytestmark = pytest.mark.slow


@pytest.fixture
def source(home: Path) -> Postgres:
    """The PostgreSQL of a home with one backup, stopped."""
    with EmbeddedServers.join(home, durable=False) as servers:
        take_backup(servers.postgres)
        return servers.postgres


def test_a_restore_may_take_longer_than_a_start_tells_its_progress_and_is_marked_whole_last(
    source: Postgres, ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_home, told = ground / "restored", list[str]()
    monkeypatch.setattr(server, "START_SECONDS", 0.0)
    monkeypatch.setattr(backups, "TELL_SECONDS", 0.0)

    def progress(line: str) -> None:
        told.append(line)
        found = backups.home_of(new_home)
        assert (found.initialised.exists(), found.restoring.exists()) == (False, True)

    restored = restore(source, new_home, None, progress)
    assert told
    assert (restored.initialised.exists(), restored.restoring.exists()) == (True, False)


def test_a_restore_that_is_not_finished_says_so_and_can_not_be_started(
    source: Postgres, ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "RECOVERY_SECONDS", 0.0)
    with pytest.raises(EmbeddedError, match="not over after 0 hours"):
        restore(source, ground / "restored", None)
    target = backups.home_of(ground / "restored")
    assert not target.initialised.exists()
    with pytest.raises(EmbeddedError, match="restore that was not finished"):
        target.start()
    assert target.data.exists()


def test_the_archive_takes_a_file_once_again_if_equal_and_never_over_another(
    ground: Path,
) -> None:
    places = Places(ground / "pg", ground / "sockets", ground, postgres_account())
    postgres = Postgres(ground, places, durable=False)
    postgres.archive.mkdir()
    wal = ground / "wal"

    def archived() -> int:
        said = postgres._archive_command().replace("%p", str(wal)).replace("%f", "0001")
        return subprocess.run(said, shell=True, check=False).returncode  # noqa: S602

    wal.write_text("one")
    assert (archived(), (postgres.archive / "0001").read_text()) == (0, "one")
    assert archived() == 0
    wal.write_text("two")
    assert archived() != 0
    assert [path.name for path in postgres.archive.iterdir()] == ["0001"]
    assert (postgres.archive / "0001").read_text() == "one"
    # The name must outlive a power cut as the content does.
    assert postgres._archive_command().count(f"&& sync {postgres.archive};") == 1
