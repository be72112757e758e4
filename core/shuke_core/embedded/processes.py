"""Starts servers that outlive us, and tells a server of ours from another program with its pid."""

import contextlib
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shuke_core.embedded.account import Account, server_environment

if TYPE_CHECKING:
    import psutil


def launch(command: Sequence[str], *, account: Account, log: Path, held: int) -> None:
    """Start a server detached: no terminal, no parent that would have to wait for it.

    It writes to `log` (the previous one is kept as `.1`) and inherits the lock `held`.
    """
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("wb") as output:
        # The shell leaves at once, so that the server becomes init's child, never our zombie.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=server_environment(),
            pass_fds=(held,),
            start_new_session=True,
            check=True,
            **account.identity(),
        )


def server_process(pid: int, program: str, mark: str) -> "psutil.Process | None":
    """The live process `pid`, if it is this program and was started with the argument `mark`.

    A pid file outlives its server, and the kernel gives the number to someone else.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        return process if _is_server(process, program, mark) else None
    except psutil.Error:
        return None


def servers_with(program: str, mark: str) -> "list[psutil.Process]":
    """All live processes of this program that were started with the argument `mark`."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if _is_server(process, program, mark):
                found.append(process)
        except psutil.Error:
            continue
    return found


def send_signal(process: "psutil.Process", wish: signal.Signals) -> None:
    """Signal this very process; nothing happens when it is gone, even if its pid lives on."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(wish)


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a server's log, for an error's text; empty when there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def _is_server(process: "psutil.Process", program: str, mark: str) -> bool:
    import psutil

    words = process.cmdline()
    return (
        bool(words)
        and Path(words[0]).name == program
        and mark in words
        and process.status() != psutil.STATUS_ZOMBIE
    )
