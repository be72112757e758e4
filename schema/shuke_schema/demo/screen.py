"""What the person at the keyboard sees: a progress bar, or plain lines now and then for a check."""

import json
import sys
import time
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from .report import Report
from .showcase import QUERY, Shown, curl_line
from .till import Status

_SECONDS_BETWEEN_LINES = 5.0


class Screen(Protocol):
    """What the demo says while it works."""

    def say(self, sentence: str) -> None: ...
    def failure(self, sentence: str) -> None: ...
    def begin(self, tickets: int) -> None: ...
    def progress(self, status: Status) -> None: ...
    def end(self) -> None: ...
    def report(self, report: Report) -> None: ...


class PlainScreen:
    """For `--check`: progress on stderr, the report as one line of JSON on stdout."""

    def __init__(self) -> None:
        self._tickets = 0
        self._said_at = 0.0

    def say(self, sentence: str) -> None:
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()

    def failure(self, sentence: str) -> None:
        self.say(sentence)

    def begin(self, tickets: int) -> None:
        self._tickets = tickets
        self._said_at = time.monotonic()

    def progress(self, status: Status) -> None:
        now = time.monotonic()
        if now - self._said_at >= _SECONDS_BETWEEN_LINES:
            self._said_at = now
            done = status.accepted + status.quarantined
            self.say(f"{done} of {self._tickets} tickets, {_behind(status)}")

    def end(self) -> None:
        """Nothing to take down."""

    def report(self, report: Report) -> None:
        for sentence in report.contradictions:
            self.say(f"Contradiction: {sentence}")
        sys.stdout.write(f"{json.dumps(report.as_json(), ensure_ascii=False)}\n")
        sys.stdout.flush()


class RichScreen:
    """For people: a progress bar, the numbers, and what to try next."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def say(self, sentence: str) -> None:
        # Without wrapping: what is meant for pasting must stay one line.
        self._console.print(sentence, markup=False, soft_wrap=True)

    def failure(self, sentence: str) -> None:
        self.end()
        self._console.print(sentence, style="bold red", markup=False, soft_wrap=True)

    def begin(self, tickets: int) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            Elapsed(),
            TextColumn("{task.fields[behind]}"),
            console=self._console,
        )
        self._task = self._bar.add_task("tickets", total=tickets, behind="")
        self._bar.start()

    def progress(self, status: Status) -> None:
        if self._bar is not None:
            done = status.accepted + status.quarantined
            self._bar.update(self._task, completed=done, behind=_behind(status))

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def report(self, report: Report) -> None:
        seconds = report.webhook_to_points_seconds
        self.say(
            f"{report.orders_sent:,} tickets sent: {report.orders_accepted:,} accepted, "
            f"{report.orders_quarantined:,} quarantined.\n"
            f"{report.members:,} members hold {report.points_issued:,} points; the ledger, derived "
            f"anew, shows {report.ledger_differences} differences."
        )
        if seconds.p50 is not None and seconds.p99 is not None:
            self.say(
                f"From webhook to points: half within {seconds.p50:.2f} s, "
                f"99 % within {seconds.p99:.2f} s."
            )
        for sentence in report.contradictions:
            self.failure(f"Contradiction: {sentence}")


def invitation(
    tenant: str,
    members: Sequence[tuple[Shown, str]],
    staff_token: str,
    log_in: Sequence[str] = (),
) -> str:
    """What to open and paste. `tenant` is its address; `members`: who to look at, with a token;
    `log_in`: lines by which one logs in as a mini-program does."""
    url = f"{tenant}/member/graphql"
    lines = ["", f"GraphiQL   {url}", "", "Look as one of two members, with this header:"]
    for shown, token in members:
        lines += [f"  {shown.phone} ({shown.why})", f"  Authorization: Bearer {token}"]
    lines += ["", f"For staff  {tenant}/staff/graphql", "", "Look as the owner of the shop:"]
    lines += [f"  Authorization: Bearer {staff_token}"]
    lines += ["", "A query to try:", f"  {QUERY}"]
    if members:
        lines += ["", "Or paste:", curl_line(url, members[0][1])]
    if log_in:
        lines += ["", "Log in through a simulated WeChat, and bind a phone:", *log_in]
    return "\n".join([*lines, "", "Serving until Ctrl-C."])


def _behind(status: Status) -> str:
    return f"{status.pending} messages and {status.events_behind} events behind"
