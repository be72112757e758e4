"""Backups of the embedded PostgreSQL, and restoring one to a point in time, with its own tools.

The archive begins with the first backup: until then finished WAL goes nowhere. A backup is a base
(`pg_basebackup`, verified) and the WAL archived since; a restore makes a new home and leaves the
old one as it is. The master key is in neither: whoever has both can read everything.
"""

import json
import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shuke_core.embedded.account import Account
from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault
from shuke_core.embedded.places import open_home, settle
from shuke_core.embedded.postgres import CLAIM, PORT, Postgres
from shuke_core.embedded.presence import is_held
from shuke_core.embedded.processes import last_lines

KEPT = 7
_FACTS = "backup.json"
_LABEL = "START WAL LOCATION"
_SECONDS = 3600.0
RECOVERY_SECONDS = 12 * 3600.0  # replaying weeks of WAL takes hours
TELL_SECONDS = 10.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified base backup: where it lies, and from which moment on it can be restored to."""

    folder: Path
    finished_at: datetime

    @property
    def first_wal(self) -> str:
        """The first WAL file that restoring it needs."""
        for line in (self.folder / "base" / "backup_label").read_text().splitlines():
            if line.startswith(_LABEL):
                return line.rpartition("(file ")[2].rstrip(")")
        raise _failed(EmbeddedFault.BACKUP_FAILED, f"{self.folder} has no label", self.folder)


def take_backup(postgres: Postgres, *, keep: int = KEPT) -> Backup:
    """Takes a base backup of the running server and verifies it; keeps the latest `keep`."""
    account = postgres.account
    for folder in (postgres.archive, postgres.backups):
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    unfinished = postgres.backups / f".{stamp}"
    unfinished.mkdir(mode=0o700)
    account.own(unfinished)
    base = unfinished / "base"
    _run(
        postgres, "pg_basebackup", f"--pgdata={base}", "--checkpoint=fast", "--no-password",
        "--manifest-checksums=SHA256", "--wal-method=stream", *_server(postgres),
    )  # fmt: skip
    _run(postgres, "pg_verifybackup", "--quiet", str(base))
    finished_at = datetime.now(UTC)
    (unfinished / _FACTS).write_text(json.dumps({"finished_at": finished_at.isoformat()}))
    folder = postgres.backups / stamp
    unfinished.rename(folder)  # a backup that is there is whole
    _forget_old(postgres, keep)
    return Backup(folder, finished_at)


def backups_of(postgres: Postgres) -> list[Backup]:
    """The finished backups of a home, oldest first."""
    if not postgres.backups.exists():
        return []
    return [
        Backup(folder, datetime.fromisoformat(json.loads(facts.read_text())["finished_at"]))
        for folder in sorted(postgres.backups.iterdir())
        if (facts := folder / _FACTS).exists() and not folder.name.startswith(".")
    ]


def _forget_old(postgres: Postgres, keep: int) -> None:
    for abandoned in postgres.backups.glob(".*"):
        shutil.rmtree(abandoned)
    finished = backups_of(postgres)
    for backup in finished[:-keep]:
        shutil.rmtree(backup.folder)
    _run(postgres, "pg_archivecleanup", str(postgres.archive), finished[-keep:][0].first_wal)


def home_of(home: Path, *, durable: bool = True) -> Postgres:
    """The PostgreSQL of a home, running or not."""
    home = open_home(home)
    return Postgres(home, settle(home), durable=durable)


def restore(
    source: Postgres,
    new_home: Path,
    moment: datetime | None,
    progress: Progress = lambda _: None,
) -> Postgres:
    """Makes `new_home` with the data as it was at `moment` (aware), or with all there is.

    Returns the server of the new home, stopped. What had committed before the moment is there,
    what committed after it is not. The source is only read, and need not run. Until it is whole
    the new home can't be used; `progress` gets the latest line of PostgreSQL's log now and then.
    """
    if new_home.exists() and any(new_home.iterdir()):
        raise _failed(
            EmbeddedFault.RESTORE_FAILED, f"{new_home} is not empty; name a new folder", new_home
        )
    usable = [b for b in backups_of(source) if moment is None or b.finished_at <= moment]
    if not usable:
        raise EmbeddedError(
            EmbeddedFault.NO_BACKUP,
            f"There is no backup in {source.backups} that was finished"
            + (f" before {moment.isoformat()}." if moment else ". `shuke backup` takes one."),
            folder=source.backups,
        )
    target = home_of(new_home)
    target.restoring.write_text("")
    target.claim.write_text(CLAIM.format(home=target.home))
    base = usable[-1].folder / "base"
    _copy(target.account, base, target.data)
    _write(target, "recovery.signal", "")
    _write(target, "postgresql.auto.conf", _recovery(source, moment))
    target.recovers = True
    try:
        target.start(RECOVERY_SECONDS, _telling(target, progress))
    except EmbeddedError as fault:
        if is_held(target.lock_path):
            target.stop()
            said = f"recovery was not over after {RECOVERY_SECONDS / 3600:g} hours"
            raise _failed(EmbeddedFault.RESTORE_FAILED, said, target.data) from fault
        raise EmbeddedError(
            EmbeddedFault.RESTORE_FAILED,
            "PostgreSQL can't recover to that moment. If it is later than the last change, leave "
            f"--to away. {fault}",
            folder=target.data,
        ) from fault
    target.stop()
    if (
        target.data / "recovery.signal"
    ).exists():  # it would go on, past the moment, at its next start
        raise _failed(EmbeddedFault.RESTORE_FAILED, "recovery was broken off", target.data)
    _write(target, "postgresql.auto.conf", "")
    target.initialised.write_text((base / "PG_VERSION").read_text())
    target.restoring.unlink()
    return target


def _telling(target: Postgres, progress: Progress) -> Callable[[], None]:
    """Tells how far recovery has come, each ten seconds: PostgreSQL logs each file it takes."""
    told_at = time.monotonic()

    def waiting() -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= TELL_SECONDS:
            told_at = time.monotonic()
            progress(last_lines(target.log).rpartition("\n")[2])

    return waiting


def _recovery(source: Postgres, moment: datetime | None) -> str:
    """WAL from the archive, and what the old server had not archived yet from its own folder."""
    archived, left = (
        shlex.quote(str(folder)).replace("%", "%%")
        for folder in (source.archive, source.data / "pg_wal")
    )
    command = f'cp {archived}/%f "%p" || cp {left}/%f "%p"'.replace("'", "''")
    lines = [
        f"restore_command = '{command}'",
        "recovery_target_action = 'promote'",
        "hot_standby = off",  # it answers when recovery is over, not while it goes on
    ]
    if moment is not None:
        lines += [
            f"recovery_target_time = '{moment.astimezone(UTC).isoformat()}'",
            "recovery_target_inclusive = off",
        ]
    return "\n".join(lines) + "\n"


def _server(postgres: Postgres) -> tuple[str, ...]:
    return (f"--host={postgres.socket_folder}", f"--port={PORT}", "--username=postgres")


def _run(postgres: Postgres, program: str, *words: str) -> None:
    done = postgres.account.run([postgres.program_path(program), *words], seconds=_SECONDS)
    if done.returncode != 0:
        said = f"{program} said: {done.stdout.strip()}"
        raise _failed(EmbeddedFault.BACKUP_FAILED, said, postgres.backups)


def _copy(account: Account, base: Path, data: Path) -> None:
    data.mkdir(mode=0o700)
    account.own(data)
    done = account.run(["cp", "-R", "-p", f"{base}/.", str(data)], seconds=_SECONDS)
    if done.returncode != 0:
        said = f"the base can't be copied: {done.stdout.strip()}"
        raise _failed(EmbeddedFault.RESTORE_FAILED, said, data)


def _write(postgres: Postgres, name: str, text: str) -> None:
    path = postgres.data / name
    path.write_text(text)
    path.chmod(0o600)
    postgres.account.own(path)


def _failed(fault: EmbeddedFault, said: str, folder: Path) -> EmbeddedError:
    return EmbeddedError(fault, f"{said[0].upper()}{said[1:]}.", folder=folder)
