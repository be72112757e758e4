"""What the demo remembers in its home: secrets shown once, the shift of dates, what is delivered.

The home is locked while a demo uses it. The lock goes with the process, however it ends.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import AlreadyRunning

STATE_FILE = "demo.json"
LOCK_FILE = "demo.lock"


@dataclass
class Memory:
    """What is known about one tenant of the demo."""

    secret: str | None = None
    shift_days: int | None = None
    delivered_messages: int | None = None
    """How many messages the whole history took, once its numbers had proved right."""
    p50: float | None = None
    p99: float | None = None
    """The seconds from webhook to points when it was delivered."""


@dataclass
class State:
    """The state file of one home, by tenant. It holds secrets, so only its owner may read it."""

    file: Path
    tenants: dict[str, Memory] = field(default_factory=dict)

    @classmethod
    def load(cls, home: Path) -> "State":
        file = home / STATE_FILE
        kept = json.loads(file.read_text()) if file.exists() else {}
        return cls(file, {tenant: Memory(**memory) for tenant, memory in kept.items()})

    def of(self, tenant: str) -> Memory:
        return self.tenants.setdefault(tenant, Memory())

    def save(self) -> None:
        """Replace the file in one step: a crash leaves the old one or the new one."""
        text = json.dumps({tenant: asdict(memory) for tenant, memory in self.tenants.items()})
        new = self.file.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        new.replace(self.file)


@contextmanager
def locked_home(home: Path, port: int) -> Iterator[bool]:
    """Hold the home for this demo. Yields whether an earlier demo ended without leaving it.

    Raises `AlreadyRunning` when a living demo holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    held = False
    try:
        holder = os.pread(descriptor, 100, 0).decode().split()
        pid, its_port = (int(holder[0]), int(holder[1])) if len(holder) == 2 else (None, None)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(home, pid, its_port) from error
        held = True
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {port}".encode(), 0)
        yield pid is not None
    finally:
        if held:
            os.ftruncate(descriptor, 0)
        os.close(descriptor)
