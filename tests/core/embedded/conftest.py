"""A home of its own for each test, and proof that no server outlives it."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from shuke_core.embedded import places

Child = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that every user may pass through (pytest's own is closed to PostgreSQL's user)."""
    ground = Path(tempfile.mkdtemp(prefix="shuke-test-")).resolve()
    ground.chmod(0o711)
    yield ground
    left = _servers_of(ground)
    for process in left:
        process.kill()
    shutil.rmtree(ground)
    assert left == [], "servers were left running"


@pytest.fixture
def home(ground: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist yet, its sockets and what root puts outside also in `ground`."""
    monkeypatch.setenv("TMPDIR", str(ground))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(places, "OUTSIDE", ground / "outside")
    return ground / "home"


@pytest.fixture
def child(ground: Path) -> Iterator[Child]:
    """Starts `script` in a Python of its own; what still runs at the end of the test is killed."""
    children: list[subprocess.Popen[str]] = []

    def start(script: str, *words: object, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*before, sys.executable, "-c", textwrap.dedent(script), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env={**os.environ, "TMPDIR": str(ground)},
        )
        children.append(process)
        return process

    yield start
    for process in children:
        process.kill()
        process.communicate()


def _servers_of(ground: Path) -> list[psutil.Process]:
    # One that was told to stop by a dying test may need a moment.
    for _ in range(50):
        found = [process for process in psutil.process_iter() if _is_server_of(process, ground)]
        if not found:
            return []
        time.sleep(0.02)
    return found


def _is_server_of(process: psutil.Process, ground: Path) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return bool(words) and (
        Path(words[0]).name in {"postgres", "valkey-server"} and str(ground) in " ".join(words)
    )
