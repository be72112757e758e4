"""The demo's long-lived children: started with a log, watched, stopped, and never left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from .errors import ChildDied, PortTaken

HOST = "127.0.0.1"
_LAST_LINES = 20

# Runs before the real command and becomes it: when the demo is killed with -9, the kernel sends its
# children SIGTERM. The check after it closes the gap in which the demo may already have died.
_LEASH = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the demo has gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""


class _Child:
    def __init__(
        self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *argv],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which then stops them
            )

    def died(self, what: str) -> ChildDied:
        lines = self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return ChildDied(self.name, what, self.log, "\n".join(lines))


class Children:
    """A group of children; leaving the context stops them all.

    Start them from the main thread: the kernel counts the death of the starting thread.
    """

    def __init__(self, *, grace: float = 20.0) -> None:
        self._children: list[_Child] = []
        self._grace = grace

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(
        self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        """Start one child; its output goes to `log`, which begins anew."""
        self._children.append(_Child(name, argv, environment, log))

    @property
    def latest(self) -> int:
        """The process id of the child that was started last."""
        return self._children[-1].process.pid

    def check(self) -> None:
        """Raise `ChildDied` when one of them has ended."""
        for child in self._children:
            status = child.process.poll()
            if status is not None:
                raise child.died(f"ended by itself with status {status}")

    def wait_until_ready(self, url: str, *, seconds: float = 60.0) -> None:
        """Poll `url` until it answers 200. Raises `ChildDied` when that doesn't happen."""
        deadline = time.monotonic() + seconds
        with httpx.Client(timeout=2, trust_env=False) as http:
            while time.monotonic() < deadline:
                self.check()
                try:
                    if http.get(url).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass  # not listening yet
                time.sleep(0.1)
        raise self._children[0].died(f"did not answer {url} within {seconds:g} s")

    def stop(self) -> None:
        """SIGTERM to all, the grace period, then SIGKILL for what is left."""
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for child in self._children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        self._children.clear()


def require_free_port(port: int, *, patience: float = 0.0) -> None:
    """Raise `PortTaken` unless the port is free within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not _is_free(port):
        if time.monotonic() >= deadline:
            raise PortTaken(port)
        time.sleep(0.2)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
