"""The public audit suite of GraphQL over HTTP (npm graphql-http) passes against `shuke serve`."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.support.command_line import CommandLine, a_home

from shuke_core.embedded import EmbeddedServers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HERE = Path(__file__).with_name("audits")
AUDITS = 61


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def node_folder() -> Path:
    """A folder outside of the checkout with the audit suite in it."""
    pins = json.loads((HERE / "package.json").read_text())["dependencies"]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "shuke" / "-".join(f"{name}-{version}" for name, version in pins.items())
    folder.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        shutil.copy(file, folder)
    if not (folder / "node_modules" / "graphql-http").exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    npm = Path(sys.executable).with_name("npm")
    words = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
    path = f"{npm.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [npm, *words],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        reason = f"npm can't install the audit suite: {done.stderr[-500:]}"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The member API of a tenant, as `shuke serve` serves it on a loopback port."""
    with a_home() as home, EmbeddedServers.join(home, durable=False):
        shuke, port = CommandLine(home), _free_port()
        for words in (("migrate",), ("tenant", "create", "audited", "--name", "甲")):
            said = shuke(*words, SHUKE_ENV="test")
            assert said.code == 0, said.err
        serving = shuke.start("serve", "--port", str(port), SHUKE_ENV="test")
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz")
            yield f"http://127.0.0.1:{port}/t/audited/member/graphql"
        finally:
            serving.terminate()
            serving.communicate(timeout=20)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")


def test_every_audit_passes(node_folder: Path, address: str) -> None:
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        [node, "run.mjs", address],
        cwd=node_folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    audits = [json.loads(line) for line in done.stdout.splitlines()]
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == AUDITS
