"""Who is here: flock on small files, which the kernel frees even after kill -9."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_SECONDS = 0.02


class FileLock:
    """An flock on a file of its own.

    It belongs to the open file, not to the process: a child that inherits `fd` keeps the lock after
    we have closed ours. That is how a running server itself says that it runs, with no process id
    that could be recycled and across containers that share the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._closed = False

    def take(self, *, shared: bool = False, seconds: float = 0.0) -> bool:
        """Take the lock, or turn ours into this kind; False after `seconds` of waiting."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                # Waiting in the kernel would have no end when the holder is stopped or hangs.
                if time.monotonic() >= deadline:
                    return False
                time.sleep(POLL_SECONDS)
            else:
                return True

    def is_current(self) -> bool:
        """Is the file still the one at its path? Not so after its folder was deleted."""
        try:
            return os.path.samestat(os.fstat(self.fd), self.path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Give up our part in the lock; twice is fine."""
        if not self._closed:
            self._closed = True
            os.close(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_held(path: Path) -> bool:
    """Does any process hold the lock on this file?"""
    if not path.exists():
        return False
    with FileLock(path) as lock:
        return not lock.take()


def wait_until_free(path: Path, seconds: float) -> bool:
    """Wait until nobody holds the lock; False when someone still does after `seconds`."""
    if not path.exists():
        return True
    with FileLock(path) as lock:
        return lock.take(seconds=seconds)
