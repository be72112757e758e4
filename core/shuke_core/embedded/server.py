"""What the two embedded servers have in common: started once, told apart, stopped for certain."""

import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shuke_core.embedded import disk
from shuke_core.embedded.account import Account
from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault
from shuke_core.embedded.presence import POLL_SECONDS, FileLock, is_held, wait_until_free
from shuke_core.embedded.processes import (
    last_lines,
    launch,
    send_signal,
    server_process,
    servers_with,
)

if TYPE_CHECKING:
    import psutil

START_SECONDS = 60.0
STOP_SECONDS = 60.0
RUDE_SECONDS = 10.0


class Server(ABC):
    """A server that holds the flock on `lock_path` for as long as any of its processes lives.

    `start`, `stop`, `kill` and `restart` act on this one server alone, take no notice of other
    holders and are safe to call in any state: fault tests use them directly.
    """

    title: str
    program: str
    polite: signal.Signals
    rude: signal.Signals

    def __init__(self, *, lock_path: Path, log: Path, account: Account) -> None:
        self.lock_path = lock_path
        self.log = log
        self.account = account

    @property
    @abstractmethod
    def socket_path(self) -> Path:
        """The unix socket that clients connect to."""

    @property
    @abstractmethod
    def mark(self) -> str:
        """An argument that only this very server is started with."""

    @abstractmethod
    def prepare(self, held: int) -> list[str]:
        """Make everything ready for a start, stale files gone; return the command.

        Nothing of this server runs, and `held` is its lock, which helpers must inherit.
        """

    @abstractmethod
    def recorded_pid(self) -> int | None:
        """The pid in the server's own pid file; it may be stale."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Does it answer on its socket?"""

    @abstractmethod
    def start_error(self) -> EmbeddedError:
        """Why the start failed, judged by what the server left behind."""

    def start(
        self, seconds: float | None = None, waiting: Callable[[], None] = lambda: None
    ) -> None:
        """Return when it answers: as it runs already, or started now (after crash recovery).

        Calls `waiting` again and again meanwhile. Raises EmbeddedError, also when a server that was
        started does not answer within `seconds` (START_SECONDS): it then goes on.
        """
        seconds = START_SECONDS if seconds is None else seconds
        deadline = time.monotonic() + START_SECONDS
        while True:
            with FileLock(self.lock_path) as lock:
                if lock.take():
                    for stray in servers_with(self.program, self.mark):
                        # Ours, but its folder was deleted under it: it would unlink our new socket.
                        self._end_stray(stray)
                    launch(self.prepare(lock.fd), account=self.account, log=self.log, held=lock.fd)
                    break
            if self.is_ready():
                return
            # Starting, stopping, or the last of its processes are about to notice its death.
            if self._lost_its_socket():
                self.stop()
            elif time.monotonic() > deadline:
                raise self._not_in_time(START_SECONDS)
            time.sleep(POLL_SECONDS)
        # Counted anew: initdb on a slow disk has its own time.
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if not is_held(self.lock_path):
                raise self.start_error()
            if time.monotonic() > deadline:
                raise self._not_in_time(seconds)
            waiting()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop it in good order and return when all its processes are gone."""
        deadline = time.monotonic() + STOP_SECONDS
        asked: set[signal.Signals] = set()
        while not wait_until_free(self.lock_path, POLL_SECONDS):
            late = time.monotonic() - deadline
            unseen = not asked and late + STOP_SECONDS > RUDE_SECONDS
            if late > RUDE_SECONDS or unseen:
                raise EmbeddedError(
                    EmbeddedFault.STOP_FAILED,
                    f"{self.title} (pid {self.recorded_pid()}) did not stop in time; "
                    f"its log is {self.log}.",
                    pid=self.recorded_pid(),
                )
            wish = self.rude if late > 0 else self.polite
            # A server that was only just launched has no pid file yet: look again each time.
            process = self.process()
            if process is not None and wish not in asked:
                send_signal(process, wish)
                asked.add(wish)

    def kill(self) -> None:
        """End it as a crash would (SIGKILL) and return when all its processes are gone."""
        process = self.process()
        if process is not None:
            send_signal(process, signal.SIGKILL)
        wait_until_free(self.lock_path, STOP_SECONDS)

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        self.stop()
        self.start()

    def process(self) -> "psutil.Process | None":
        """Its main process; None when it does not run, also if its pid is another program's now."""
        pid = self.recorded_pid()
        process = None if pid is None else server_process(pid, self.program, self.mark)
        if process is None and is_held(self.lock_path):
            # It runs, with a wrong pid file (a full disk leaves an empty one). A child that was
            # only just forked looks like its parent, but is younger.
            found = servers_with(self.program, self.mark)
            process = min(found, key=lambda one: one.create_time(), default=None)
        return process

    def answers(self, question: bytes = b"") -> bytes | None:
        """Connect, ask, and return the first bytes of the answer; None when nobody listens."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.socket_path))
                client.sendall(question)
                return client.recv(64) if question else b""
            except OSError:
                return None

    def _lost_its_socket(self) -> bool:
        # Cleaners of temp folders do that. A server that is only starting gets a second's grace.
        process = self.process()
        if process is None or self.socket_path.exists():
            return False
        return time.time() - process.create_time() > 1

    def _end_stray(self, stray: "psutil.Process") -> None:
        send_signal(stray, self.polite)
        limit = time.monotonic() + RUDE_SECONDS
        while server_process(stray.pid, self.program, self.mark) is not None:
            if time.monotonic() > limit:
                send_signal(stray, signal.SIGKILL)
            time.sleep(POLL_SECONDS)

    def _not_in_time(self, seconds: float) -> EmbeddedError:
        if disk.free_bytes(self.log.parent) < disk.SCARCE_BYTES:
            return disk.disk_full(self.log.parent)
        if self.process() is None:
            return EmbeddedError(
                EmbeddedFault.OUT_OF_SIGHT,
                f"{self.title} of {self.lock_path.parent} is held by a process that we cannot "
                "reach, most likely in another container. Stop it there, or use another home.",
                lock=self.lock_path,
            )
        return EmbeddedError(
            EmbeddedFault.START_FAILED,
            f"{self.title} (pid {self.recorded_pid()}) is still not ready after "
            f"{seconds:.0f} seconds. It goes on recovering: run again in a minute. The "
            f"end of its log {self.log}:\n{last_lines(self.log)}",
            pid=self.recorded_pid(),
        )
