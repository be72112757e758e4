"""The locks by which holders are counted and servers are known to run."""

import signal
import subprocess
import sys
from pathlib import Path

from shuke_core.embedded.presence import FileLock, is_held, wait_until_free

HOLD = """
import sys
from pathlib import Path
from shuke_core.embedded.presence import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.take(shared=True), flush=True)
sys.stdin.read()
"""


def test_two_holders_share_and_neither_is_the_last(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as first, FileLock(tmp_path / "lock") as second:
        assert first.take(shared=True)
        assert second.take(shared=True)
        assert not first.take()
        second.close()
        assert first.take()


def test_closing_twice_is_fine_and_frees_nobody_elses_file(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.close()
    with FileLock(tmp_path / "other") as other:
        assert other.take()
        lock.close()
        assert is_held(tmp_path / "other")


def test_kill_9_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        assert is_held(path)
        process.send_signal(signal.SIGKILL)
        assert wait_until_free(path, 5)
    assert not is_held(path)


def test_waiting_for_a_lock_ends(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as lock:
        assert lock.take()
        assert not wait_until_free(tmp_path / "lock", 0.05)


def test_a_lock_that_was_never_made_is_free_and_stays_unmade(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    assert wait_until_free(tmp_path / "lock", 0)
    assert not (tmp_path / "lock").exists()
