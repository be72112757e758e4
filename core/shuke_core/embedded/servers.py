"""Joins and leaves the two embedded servers: the first holder starts them, the last stops them."""

import contextlib
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from shuke_core.embedded import disk
from shuke_core.embedded.binaries import require_extra
from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault
from shuke_core.embedded.places import open_home, settle
from shuke_core.embedded.postgres import PORT, Postgres
from shuke_core.embedded.presence import FileLock
from shuke_core.embedded.valkey import Valkey

# Longer than the slowest first start of another process, with its initdb.
LOCK_SECONDS = 180.0


class EmbeddedServers:
    """A real PostgreSQL and Valkey whose data live in `home`; joined if they run, started if not.

    Each `join` is one holder, also within one process. A holder that dies without `leave` stops
    counting at once; if it was the last, the servers go on and the next `join` finds them. A child
    made by a bare fork is no holder of its own: it joins for itself.
    """

    def __init__(self, home: Path, holders: FileLock, postgres: Postgres, valkey: Valkey) -> None:
        self.home = home
        self.postgres = postgres
        self.valkey = valkey
        self._holders = holders
        self._left = False

    @classmethod
    def join(cls, home: Path, *, durable: bool = True) -> Self:
        """Become a holder of the servers of `home` (made when missing); both answer on return.

        `durable` False (for tests) lets a power cut lose data; it counts for a start, not for a
        server that already runs. Takes seconds: in an event loop, call it in a thread.
        Raises EmbeddedError.
        """
        require_extra()
        try:
            home = open_home(home)
            with _starting(home):
                return cls._join(home, durable=durable)
        except OSError as error:
            raise disk.from_os_error(error, home) from error

    @classmethod
    def _join(cls, home: Path, *, durable: bool) -> Self:
        holders = FileLock(home / "holders.lock")
        try:
            # Never waits: whoever has it exclusively is leaving, under the lock we hold now.
            holders.take(shared=True)
            places = settle(home)
            servers = cls(
                home, holders, Postgres(home, places, durable=durable), Valkey(home, places)
            )
            try:
                servers.valkey.start()
                servers.postgres.start()
            except BaseException:
                # What went wrong first is what the caller can mend.
                with contextlib.suppress(EmbeddedError):
                    servers._stop_if_last()
                raise
        except BaseException:
            holders.close()
            raise
        return servers

    @property
    def redis_url(self) -> str:
        """The Valkey for redis-py and arq, such as `unix:///tmp/shuke-1f.../valkey.sock`."""
        return f"unix://{quote(str(self.valkey.socket_path))}"

    def dsn(self, *, user: str, database: str) -> str:
        """The PostgreSQL for asyncpg and libpq; no password, the socket is only ours.

        The port is part of a socket's name; unsaid, PGPORT of the environment would bend it.
        """
        host = quote(str(self.postgres.socket_folder))
        who, what = quote(user, safe=""), quote(database, safe="")
        return f"postgresql://{who}@/{what}?host={host}&port={PORT}"

    @property
    def admin_dsn(self) -> str:
        """The superuser `postgres` in the database `postgres`."""
        return self.dsn(user="postgres", database="postgres")

    def leave(self) -> None:
        """Stop being a holder; the last one stops both servers. A second call does nothing."""
        if self._left:
            return
        self._left = True
        try:
            # After the home was deleted, what runs there now belongs to other holders.
            if self._holders.is_current():
                with _starting(self.home):
                    self._stop_if_last()
        finally:
            self._holders.close()

    def _stop_if_last(self) -> None:
        if self._holders.take():
            try:
                self.valkey.stop()
            finally:
                self.postgres.stop()
            shutil.rmtree(self.valkey.places.sockets, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()


def _starting(home: Path) -> FileLock:
    lock = FileLock(home / "start.lock")
    if not lock.take(seconds=LOCK_SECONDS):
        lock.close()
        raise EmbeddedError(
            EmbeddedFault.LOCK_BUSY,
            f"Another process has been starting or stopping the servers of {home} for "
            f"{LOCK_SECONDS:.0f} seconds. "
            f"Look for a Shuke that hangs (`fuser {lock.path}`) and end it.",
            lock=lock.path,
        )
    return lock
