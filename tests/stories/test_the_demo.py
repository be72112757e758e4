"""The demo against the real service: the numbers agree, a second run and a killed one change nothing."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.support.command_line import CommandLine, a_home

from shuke_schema.demo.command import NEIGHBOUR

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PURCHASES = 600


@pytest.fixture
def shuke() -> Iterator[CommandLine]:
    with a_home() as home:
        yield CommandLine(home)
        left = [
            p
            for p in psutil.process_iter(["cmdline"])
            if str(home) in " ".join(p.info["cmdline"] or [])
        ]
        for process in left:
            process.kill()
        assert left == [], "the demo left processes behind"


def _is_of(process: psutil.Process, home: Path) -> bool:
    return str(home) in " ".join(process.info["cmdline"] or [])


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def _words(shuke: CommandLine, port: int) -> tuple[str, ...]:
    return (
        "demo",
        "--check",
        "--limit",
        str(PURCHASES),
        "--port",
        str(port),
        "--home",
        str(shuke.home),
    )


def _numbers(report: dict[str, Any]) -> dict[str, Any]:
    names = ("orders_sent", "orders_accepted", "orders_quarantined", "members", "points_issued")
    return {name: report[name] for name in names}


def test_the_numbers_agree_and_a_second_run_duplicates_nothing(
    shuke: CommandLine, port: int
) -> None:
    first = shuke(*_words(shuke, port))
    assert first.code == 0, first.err
    assert first.json["contradictions"] == []
    assert first.json["orders_sent"] == PURCHASES
    assert first.json["ledger_differences"] == 0
    assert first.json["webhook_to_points_seconds"]["p99"] > 0
    second = shuke(*_words(shuke, port))
    assert second.code == 0, second.err
    assert _numbers(second.json) == _numbers(first.json)
    assert _plugins_on(shuke, f"changpian-full-{PURCHASES}") == {"retail", "catering", "education"}
    assert _plugins_on(shuke, NEIGHBOUR[0]) == set()


def _plugins_on(shuke: CommandLine, tenant: str) -> set[str]:
    said = shuke("plugin", "list", tenant, "--json")
    assert said.code == 0, said.err
    return {plugin["key"] for plugin in said.json["plugins"] if plugin["on"]}


def test_a_run_killed_in_the_middle_is_made_whole_by_the_next(
    shuke: CommandLine, port: int
) -> None:
    running = shuke.start(*_words(shuke, port))
    assert running.stdout is not None
    assert any("Sending" in line for line in running.stdout)
    time.sleep(0.5)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    next_run = shuke(*_words(shuke, port))
    assert next_run.code == 0, next_run.err
    assert next_run.json["contradictions"] == []
    assert next_run.json["orders_sent"] == PURCHASES
