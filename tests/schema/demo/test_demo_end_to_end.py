"""The whole demo against a stand-in server: it counts right, resumes, stops, and leaves nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shuke_schema.demo.command import run_demo

pytestmark = pytest.mark.slow

FAKE = [sys.executable, str(Path(__file__).with_name("fake_shuke.py"))]
LIMIT = 700
MESSAGES = 14
TENANT = f"changpian-full-{LIMIT}"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check(home: Path, port: int) -> int:
    return run_demo(check=True, sample=False, home=home, port=port, shuke=FAKE, limit=LIMIT)


def kept(home: Path) -> dict[str, Any]:
    return dict(json.loads((home / "fake.json").read_text())[TENANT])


@contextmanager
def demo_process(home: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as a person runs it, once it says that it serves."""
    code = (
        "import sys; from pathlib import Path; from shuke_schema.demo.command import run_demo; "
        f"sys.exit(run_demo(check=False, sample=False, home=Path({str(home)!r}), port={port}, "
        f"shuke={FAKE!r}, limit={LIMIT}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def read_until(demo: subprocess.Popen[str], last: str) -> str:
    assert demo.stdout is not None
    lines: list[str] = []
    for line in demo.stdout:
        lines.append(line)
        if last in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} stayed"
        time.sleep(0.05)


def test_a_check_tells_its_numbers_and_a_second_one_sends_two_messages(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHUKE_DATABASE_URL", "postgres://the.real.one/shuke")

    assert check(tmp_path, port) == 0

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    after_first = kept(tmp_path)
    assert told.pop("seconds") > 0
    assert told == {
        "orders_sent": LIMIT,
        "orders_accepted": after_first["accepted"],
        "orders_quarantined": LIMIT - after_first["accepted"],
        "members": len(after_first["phones"]),
        "points_issued": after_first["issued"],
        "ledger_differences": 0,
        "webhook_to_points_seconds": {"p50": 0.01, "p99": 0.02},
        "contradictions": [],
    }
    assert after_first["quarantined"] > 0
    assert after_first["posts"] == MESSAGES
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600

    assert check(tmp_path, port) == 0

    assert json.loads(capsys.readouterr().out.splitlines()[-1])["orders_sent"] == LIMIT
    assert kept(tmp_path) == after_first | {"posts": MESSAGES + 2}


def test_a_lost_secret_is_replaced_and_an_unfinished_history_is_sent_again(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(tmp_path, port) == 0
    before = kept(tmp_path)
    state = json.loads((tmp_path / "demo.json").read_text())
    shift = state[TENANT]["shift_days"]
    (tmp_path / "demo.json").write_text(
        json.dumps({TENANT: {"shift_days": shift}})  # no secret, nothing delivered
    )

    assert check(tmp_path, port) == 0

    after = kept(tmp_path)
    assert after["secret"] != before["secret"]
    assert after["posts"] == 2 * MESSAGES
    assert {**after, "secret": "", "posts": 0} == {**before, "secret": "", "posts": 0}
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["contradictions"] == []


def test_a_wrong_ledger_ends_the_check_with_1(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LOSES_POINTS", "1")

    assert check(tmp_path, port) == 1

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    issued = kept(tmp_path)["issued"]
    assert told["contradictions"] == [
        f"points issued: {issued - 1} instead of {issued}.",
        "differences in the ledger: 1 instead of 0.",
    ]
    state = json.loads((tmp_path / "demo.json").read_text())
    assert state[TENANT]["delivered_messages"] is None


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FAKE_SERVE_DIES", "1", "shuke serve ended by itself with status 3"),
        ("FAKE_WORKER_DIES", "0", "shuke worker ended by itself with status 4"),
    ],
)
def test_a_child_that_dies_early_is_named_with_its_last_lines(
    tmp_path: Path,
    port: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(variable, value)

    assert check(tmp_path, port) == 1

    told = capsys.readouterr()
    assert said in told.err
    assert ("the roof is on fire" in told.err) or ("no more work" in told.err)
    assert told.out == ""


def test_a_taken_port_is_said_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]

        assert check(tmp_path, number) == 2

    said = capsys.readouterr().err
    assert f"Port {number} on 127.0.0.1 is taken" in said
    assert f"shuke demo --port {number + 1}" in said


def test_serving_invites_refuses_a_second_demo_and_stops_on_sigterm(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo_process(tmp_path, port) as demo:
        said = read_until(demo, "Serving until Ctrl-C.")
        phones = kept(tmp_path)["phones"]
        loyal = max(phones.values())
        assert f"http://127.0.0.1:{port}/t/{TENANT}/member/graphql" in said
        assert f"the most loyal one, {loyal} purchases" in said
        assert "Authorization: Bearer token-of-1" in said
        assert said.count("Authorization: Bearer token-") == 4  # two members, staff, one to paste
        assert said.count("Authorization: Bearer $TOKEN") == 1  # of who logs in by hand
        worker = int((tmp_path / "worker.pid").read_text())
        assert is_alive(worker)

        assert check(tmp_path, port) == 2
        told = capsys.readouterr().err
        assert f"is already running at http://127.0.0.1:{port} (process {demo.pid})" in told

        demo.send_signal(signal.SIGTERM)
        assert "Stopped." in read_until(demo, "Stopped.")
        assert demo.wait(10) == 0
        assert not is_alive(worker)


def test_a_killed_demo_leaves_no_children_and_the_next_run_goes_on(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo_process(tmp_path, port) as demo:
        read_until(demo, "Serving until Ctrl-C.")
        worker = int((tmp_path / "worker.pid").read_text())
        demo.kill()
        demo.wait(10)

        assert check(tmp_path, port) == 0  # waits for the port that the children still hold
        wait_until_gone(worker)

    assert kept(tmp_path)["posts"] == MESSAGES + 2


def test_a_child_that_dies_while_serving_ends_the_demo(tmp_path: Path, port: int) -> None:
    with demo_process(tmp_path, port, FAKE_WORKER_DIES="8") as demo:
        read_until(demo, "Serving until Ctrl-C.")

        said = read_until(demo, "no more work")
        assert "shuke worker ended by itself with status 4" in said
        assert demo.wait(20) == 1
