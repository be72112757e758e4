"""`shuke serve` and `shuke worker` as processes on the test's own servers, beside a Redis to wipe."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from redis.asyncio import Redis
from tests.contracts.house import ROOT

from shuke_core.runtime import Runtime


def python_path() -> str:
    """Where a process finds these tests, and what this one was told to look at."""
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


class Process:
    """A command on the test's servers, with a log. `bends` are names from `tests.support.bent`."""

    def __init__(
        self, runtime: Runtime, redis_url: str, log: Path, *words: str, bends: str = ""
    ) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SHUKE_")}
        self._environment = {
            **kept,
            "SHUKE_ENV": "test",
            "SHUKE_HOME": str(runtime.settings.home),
            "SHUKE_MASTER_KEY": (runtime.settings.home / "master.key").read_text().strip(),
            "SHUKE_DATABASE_URL": runtime.places.app_dsn,
            "SHUKE_REDIS_URL": redis_url,
            "PYTHONPATH": python_path(),
        }
        module = ["tests.support.bent", bends] if bends else ["shuke_schema.cli"]
        self.log, self._argv = log, [sys.executable, "-m", *module, *words]
        self.start()

    def start(self) -> None:
        """Begins, or begins again."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._argv,
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
            )

    def kill(self) -> None:
        """Gone at once: nothing is said, nothing is closed."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        """Killed, and there again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Asks it to end in good order, and does not wait for it."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self, seconds: float = 30.0) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(seconds)


@contextmanager
def processes(*running: Process) -> Iterator[None]:
    """They are gone at the end of the block."""
    try:
        yield
    finally:
        for process in running:
            process.kill()


@asynccontextmanager
async def own_redis(runtime: Runtime) -> AsyncIterator[tuple[str, Redis]]:
    """A numbered database of the run's Valkey, which this test may wipe."""
    url = f"{runtime.places.redis_url}?db={8 + secrets.randbelow(8)}"
    redis = Redis.from_url(url)
    try:
        await redis.flushdb()
        yield url, redis
    finally:
        await redis.flushdb()
        await redis.aclose()
