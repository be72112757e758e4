"""Waking the worker: after a commit, once a process and topic, and never needed for correctness.

Work is rows, and a poll within a second finds them. A wake only makes it milliseconds. What
carries the wake is set once a process: arq in web processes, a local call inside the worker,
nothing in a command line that leaves at once.
"""

from collections.abc import Callable

from shuke_core.kit.transactions import current_unit

Waker = Callable[[str], None]


def _nobody(topic: str) -> None:
    """The poll will find it."""


_waker: Waker = _nobody


def use_waker(waker: Waker | None) -> None:
    """Sets what carries a wake in this process; None: nothing does."""
    global _waker
    _waker = waker or _nobody


def wake(topic: str) -> None:
    """Says that there is work of this topic. Never raises, never waits."""
    _waker(topic)


def wake_after_commit(topic: str) -> None:
    """Says so once the open unit of work has committed; once a topic, however often it is asked."""
    unit = current_unit()
    asked: set[str] = unit.notes.setdefault("wakes", set())
    if topic not in asked:
        asked.add(topic)
        unit.after_commit.append(lambda: wake(topic))
