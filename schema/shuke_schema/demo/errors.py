"""What ends a demo early: each failure has a stable code, a sentence and an exit status."""

from pathlib import Path


class DemoError(Exception):
    """A demo that can't go on; `str()` is a sentence for the person at the keyboard."""

    code = "demo_failed"
    exit_status = 1


class PortTaken(DemoError):
    """Somebody else listens where the demo would serve."""

    code = "port_taken"
    exit_status = 2

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1 is taken by another program. "
            f"Choose another one: shuke demo --port {port + 1}"
        )
        self.port = port


class AlreadyRunning(DemoError):
    """The demo of this home is running; two of them would share one database and one state file."""

    code = "already_running"
    exit_status = 2

    def __init__(self, home: Path, pid: int | None, port: int | None) -> None:
        where = f" at http://127.0.0.1:{port}" if port else ""
        who = f" (process {pid})" if pid else ""
        super().__init__(
            f"The demo of {home} is already running{where}{who}. "
            "Use that one, stop it with Ctrl-C, or start another with its own --home and --port."
        )
        self.home, self.pid, self.port = home, pid, port


class HistoryMissing(DemoError):
    """The purchase history isn't installed, or is not the one this demo knows."""

    code = "history_missing"
    exit_status = 2


class ChildDied(DemoError):
    """A process the demo started ended by itself, or never became ready."""

    code = "child_died"

    def __init__(self, name: str, what: str, log: Path, last_lines: str) -> None:
        super().__init__(f"{name} {what}. The end of {log}:\n{last_lines or '(empty)'}")
        self.name, self.log, self.last_lines = name, log, last_lines


class CommandFailed(DemoError):
    """An operator command ended with an error, or answered something that isn't JSON."""

    code = "command_failed"

    def __init__(self, command: str, exit_status: int, said: str) -> None:
        super().__init__(f"`shuke {command}` ended with status {exit_status}:\n{said}")
        self.command, self.command_status, self.said = command, exit_status, said


class Refused(DemoError):
    """The server refused a request for good: sending it again would change nothing."""

    code = "refused"

    def __init__(self, webhook_id: str, status: int, code: str, sentence: str) -> None:
        super().__init__(f"The server refused {webhook_id} with {status} {code}: {sentence}")
        self.webhook_id, self.status, self.refusal, self.sentence = (
            webhook_id,
            status,
            code,
            sentence,
        )


class NoProgress(DemoError):
    """No number moved for the whole time that the demo is willing to wait."""

    code = "no_progress"
