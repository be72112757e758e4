"""Servers of the suite's own, durable and in a temporary folder, and the processes that are measured."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from shuke_core.app import installed_apps
from shuke_core.database.migrate import migrate
from shuke_core.places import Places, find_places, prepare_database
from shuke_core.runtime import connected
from shuke_core.settings import PREFIX, Settings, load_settings
from shuke_schema.demo.processes import HOST, Children


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the contest takes place. This process is connected as the app role."""

    settings: Settings
    places: Places


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of everything: the size of the data, how many rounds, how long each."""

    tenants: int
    members: int
    rounds: int
    seconds: float
    messages: int
    singles: int

    @property
    def members_a_tenant(self) -> int:
        return self.members // self.tenants


QUICK = Effort(tenants=2, members=5_000, rounds=3, seconds=2.0, messages=40, singles=200)
FULL = Effort(tenants=20, members=200_000, rounds=5, seconds=5.0, messages=200, singles=200)


def _own_settings(home: Path) -> Settings:
    """Settings of the suite alone: what the caller's environment says of Shuke is left out."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ[f"{PREFIX}HOME"] = str(home)
    return load_settings()


def _new_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="shuke-bench-")).resolve()
    home.chmod(0o711)  # as root, the servers run as another user and must get through
    return home


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    """A migrated database of its own on servers of its own; all of it is gone afterwards."""
    home = _new_home()
    try:
        settings = _own_settings(home)
        with find_places(settings) as places:  # durable, as every embedded server but a test's
            await prepare_database(places)
            await migrate(places.owner(), installed_apps())
            async with connected(settings, places):
                yield Stand(settings, places)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Processes:
    """The processes of one row. Each is started as an operator would, with a log in the home."""

    def __init__(self, home: Path, children: Children) -> None:
        self._home = home
        self._children = children

    def _start(self, name: str, *arguments: str, **settings: str) -> None:
        self._children.start(
            name,
            [sys.executable, "-m", *arguments],
            {**os.environ, **settings},
            self._home / "logs" / f"{name}.log",
        )

    def web(self, **settings: str) -> int:
        """One `shuke serve` with these settings; returns its port once it answers."""
        port = free_port()
        # A contest is one tenant's members from one address, at any speed that the machine has.
        settings = {"SHUKE_RATE_SCALE": "1000", **settings}
        self._start("web", "shuke_schema.cli", "serve", "--port", str(port), **settings)
        self._children.wait_until_ready(f"http://{HOST}:{port}/healthz")
        return port

    @property
    def latest(self) -> int:
        """The process id of the one that was started last."""
        return self._children.latest

    def bare_live(self, redis_url: str, stream: str) -> int:
        """The bare sockets of the rows `live`; returns its port once it answers."""
        port = free_port()
        self._start("bare-live", "benchmarks.bare_live", redis_url, stream, str(port))
        self._children.wait_until_ready(f"http://{HOST}:{port}/healthz")
        return port

    def worker(self) -> None:
        """One `shuke worker`; the first work it is given shows that it is up."""
        self._start("worker", "shuke_schema.cli", "worker")

    def peer(self, words: Sequence[str], environment: Mapping[str, str], port: int) -> int:
        """Somebody else's server; returns its port once it answers."""
        self._children.start("peer", list(words), environment, self._home / "logs" / "peer.log")
        self._children.wait_until_ready(f"http://{HOST}:{port}/healthz")
        return port

    def bare(self, dsn: str) -> int:
        """The bare endpoint of the row `read`; returns its port once it answers."""
        port = free_port()
        self._start("bare", "benchmarks.bare", dsn, str(port))
        self._children.wait_until_ready(f"http://{HOST}:{port}/healthz")
        return port


@contextmanager
def processes(here: Stand) -> Iterator[Processes]:
    """Processes that are stopped at the end of the block, whatever happens in it."""
    with Children() as children:
        try:
            yield Processes(here.settings.home, children)
        except Exception:
            children.check()  # one that has died is the better explanation: its log is shown
            raise
