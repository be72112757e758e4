"""The state file and the lock of a demo's home."""

import os
from pathlib import Path

import pytest

from shuke_schema.demo.errors import AlreadyRunning
from shuke_schema.demo.state import Memory, State, locked_home


def test_what_is_saved_is_loaded_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    state = State.load(tmp_path)
    state.of("changpian").secret = "whsec_c2VjcmV0"
    state.of("changpian").shift_days = 10_385
    state.save()
    state.of("changpian").delivered_messages = 1_394
    state.save()

    assert State.load(tmp_path).tenants == {
        "changpian": Memory(secret="whsec_c2VjcmV0", shift_days=10_385, delivered_messages=1_394)
    }
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["demo.json"]


def test_a_leftover_of_a_crash_while_saving_does_not_stop_the_next_save(tmp_path: Path) -> None:
    (tmp_path / "demo.new").write_text("half a")

    State.load(tmp_path).save()

    assert State.load(tmp_path).tenants == {}


def test_a_held_home_names_its_holder(tmp_path: Path) -> None:
    with locked_home(tmp_path, port=8123) as crashed_before:
        assert crashed_before is False
        with pytest.raises(AlreadyRunning) as running, locked_home(tmp_path, port=8124):
            pytest.fail("two demos in one home")

    assert (running.value.pid, running.value.port) == (os.getpid(), 8123)


def test_a_home_left_by_an_error_counts_as_left_and_by_a_kill_as_crashed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked_home(tmp_path, port=8123):
        raise RuntimeError
    with locked_home(tmp_path, port=8123) as crashed_before:
        assert crashed_before is False

    (tmp_path / "demo.lock").write_text("1 8123")  # what a killed demo leaves: a name, no lock

    with locked_home(tmp_path, port=8123) as crashed_before:
        assert crashed_before is True
