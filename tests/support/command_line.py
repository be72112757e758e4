"""Runs `shuke` as an operator would: a process of its own, a home of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of standard output as JSON."""
        return orjson.loads(self.out.splitlines()[-1])


@dataclass(frozen=True)
class CommandLine:
    """`shuke` in one home, with the environment of a stranger."""

    home: Path

    def environment(self, **settings: str) -> dict[str, str]:
        """This process's environment without its own settings of Shuke, with these."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SHUKE_")}
        return {**kept, "SHUKE_HOME": str(self.home), **settings}

    def __call__(self, *words: str, given: str = "", **settings: str) -> Said:
        """What a command says; `given` comes in on its standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "shuke_schema.cli", *words],
            env=self.environment(**settings),
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd="/",
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **settings: str) -> "subprocess.Popen[str]":
        """A command that stays; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "shuke_schema.cli", *words],
            env=self.environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
        )


@contextmanager
def a_home() -> Iterator[Path]:
    """A folder that PostgreSQL's user may pass through, gone afterwards."""
    ground = Path(tempfile.mkdtemp(prefix="shuke-home-")).resolve()
    ground.chmod(0o711)
    try:
        yield ground / "home"
    finally:
        shutil.rmtree(ground, ignore_errors=True)
