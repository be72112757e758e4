"""Pure rules of tasks: when reminders are given, and which of those due still are. No I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta

BEFORE, DUE = "before", "due"
MOST_BEFORE = timedelta(minutes=15)
BACKSTOP = "clerk"  # sees every member: who gets what would else be hidden from whoever has it
LONGEST_TEXT = 2_000
LONGEST_WAIT = timedelta(days=730)


def reminders_of(created_at: datetime, due_at: datetime) -> dict[str, datetime]:
    """When to remind of a task: when it is due, and a quarter of an hour before; of a short task
    when half of its time is over."""
    return {BEFORE: due_at - min(MOST_BEFORE, (due_at - created_at) / 2), DUE: due_at}


def given_of(due: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of the reminders of one task that are due at once: which are given, which were missed.

    Nobody is told that something will soon be due when it is due.
    """
    given = [kind for kind in due if kind == DUE or DUE not in due]
    return given, [kind for kind in due if kind not in given]
