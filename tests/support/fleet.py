"""A deployment of real processes in one home: web and worker, restarted when they die, and its faults."""

import asyncio
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
from tests.support.command_line import CommandLine, a_home
from tests.support.processes import python_path

from shuke_core.database.config import credentials
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import EMBEDDED_DATABASE

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.05


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Program:
    """What one process of the fleet runs. `bends` are names from `tests.support.bent`."""

    words: tuple[str, ...]
    bends: tuple[str, ...] = ()
    port: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    held: tuple[int, ...] = ()  # open files that it inherits

    @property
    def argv(self) -> list[str]:
        if self.bends:
            return [sys.executable, "-m", "tests.support.bent", ",".join(self.bends), *self.words]
        return [sys.executable, "-m", "shuke_schema.cli", *self.words]


@dataclass
class Fleet:
    """The processes by name. As a service manager would, `watch` starts again whatever has died."""

    shuke: CommandLine
    servers: EmbeddedServers
    programs: dict[str, Program]
    tenant_id: UUID
    slug: str
    secret: str
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)

    def log_of(self, name: str) -> Path:
        return self.shuke.home / f"{name}.log"

    def logs(self) -> str:
        """All that the processes have said so far."""
        return "".join(self.log_of(name).read_text(errors="replace") for name in self.programs)

    def start(self, name: str) -> None:
        program = self.programs[name]
        self.resting.discard(name)
        with self.log_of(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                program.argv,
                env=self.shuke.environment(PYTHONPATH=python_path(), **program.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=program.held,
                cwd="/",
            )

    def kill(self, name: str) -> None:
        """As a crash would; `watch` starts it again."""
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()

    def stop(self, name: str, seconds: float = 30.0) -> int:
        """In good order; it is not started again. Returns its exit code."""
        self.resting.add(name)
        self.running[name].send_signal(signal.SIGTERM)
        return self.running[name].wait(seconds)

    async def watch(self) -> None:
        while True:
            for name, process in list(self.running.items()):
                if name not in self.resting and process.poll() is not None:
                    self.start(name)
            await asyncio.sleep(_LOOK_SECONDS)

    @property
    def web_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{p.port}" for p in self.programs.values() if p.port]

    async def is_up(self) -> None:
        """Returns when every web process answers."""
        until = monotonic() + _START_SECONDS
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            for url in self.web_urls:
                while True:
                    with suppress(httpx.TransportError):
                        if (await http.get(f"{url}/healthz")).status_code == httpx.codes.OK:
                            break
                    if monotonic() > until:
                        raise AssertionError(f"{url} does not answer\n{self.logs()[-3000:]}")
                    await asyncio.sleep(_LOOK_SECONDS)

    @asynccontextmanager
    async def database(self, user: str = "shuke_app") -> AsyncIterator[asyncpg.Connection]:
        """A connection from outside, once PostgreSQL lets one in."""
        dsn = self.servers.dsn(user=user, database=EMBEDDED_DATABASE)
        until = monotonic() + _START_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(**credentials(dsn))
                break
            except (OSError, asyncpg.PostgresError):
                if monotonic() > until:
                    raise
                await asyncio.sleep(_LOOK_SECONDS)
        try:
            yield connection
        finally:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=5)

    def end(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def web(port: int, bends: Sequence[str] = (), **settings: str) -> Program:
    return Program(("serve", "--port", str(port)), tuple(bends), port, settings)


def worker(bends: Sequence[str] = (), **settings: str) -> Program:
    return Program(("worker",), tuple(bends), None, settings)


@contextmanager
def a_fleet(programs: Mapping[str, Program], slug: str = "fleet") -> Iterator[Fleet]:
    """A migrated home with one tenant, a store and a till; nothing of it runs yet but the servers."""
    with a_home() as home, EmbeddedServers.join(home, durable=False) as servers:
        shuke = CommandLine(home)
        said = shuke("migrate")
        assert said.code == 0, said.err
        tenant_id = _json(shuke, "tenant", "create", slug, "--name", "舰队")["id"]
        _json(shuke, "tenant", "add-store", slug, "S1=一店")
        secret = _json(shuke, "tenant", "add-integration", slug, "till")["secret"]
        fleet = Fleet(shuke, servers, dict(programs), UUID(tenant_id), slug, secret)
        try:
            yield fleet
        finally:
            fleet.end()


def _json(shuke: CommandLine, *words: str) -> Any:
    said = shuke(*words, "--json")
    assert said.code == 0, said.err
    return said.json


def verify(fleet: Fleet) -> dict[str, Any]:
    """What `shuke ledger verify` says, in a process of its own."""
    said = fleet.shuke("ledger", "verify", fleet.slug, "--json")
    assert said.out, said.err
    facts: dict[str, Any] = orjson.loads(said.out.splitlines()[-1])
    return facts


def seeded(given: int | None = None) -> random.Random:
    """A source of chance whose seed is printed, so that a run can be repeated."""
    chosen = os.environ.get("FAULT_SEED") or str(secrets.randbelow(2**32))
    seed = given if given is not None else int(chosen)
    print(f"FAULT_SEED={seed}")  # noqa: T201 (pytest shows it when the run fails)
    return random.Random(seed)  # noqa: S311
