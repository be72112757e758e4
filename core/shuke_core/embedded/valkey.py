"""The embedded Valkey: on a unix socket only, and nothing of it is ever kept on disk."""

import signal
from pathlib import Path

from shuke_core.embedded import disk
from shuke_core.embedded.account import Account
from shuke_core.embedded.binaries import valkey_server
from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault
from shuke_core.embedded.places import Places, open_sockets
from shuke_core.embedded.processes import last_lines
from shuke_core.embedded.server import Server


class Valkey(Server):
    """One Valkey 9 server, run by ourselves."""

    title = "Valkey"
    program = "valkey-server"
    polite = signal.SIGTERM
    rude = signal.SIGKILL

    def __init__(self, home: Path, places: Places) -> None:
        super().__init__(lock_path=home / "valkey.lock", log=home / "valkey.log", account=Account())
        self.home = home
        self.places = places
        self.pid_file = home / "valkey.pid"

    @property
    def socket_path(self) -> Path:
        return self.places.sockets / "valkey.sock"

    @property
    def mark(self) -> str:
        return str(self.socket_path)

    def prepare(self, held: int) -> list[str]:
        open_sockets(self.places.sockets, self.places.account)
        self.socket_path.unlink(missing_ok=True)
        self.pid_file.unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "pidfile": str(self.pid_file),
            "dir": str(self.home),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            # Else the arguments by which we know it again are overwritten.
            "set-proc-title": "no",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(valkey_server()), *words]

    def recorded_pid(self) -> int | None:
        try:
            return int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None

    def is_ready(self) -> bool:
        return self.answers(b"PING\r\n") == b"+PONG\r\n"

    def start_error(self) -> EmbeddedError:
        said = last_lines(self.log)
        if disk.says_full(said):
            return disk.disk_full(self.home)
        return EmbeddedError(
            EmbeddedFault.START_FAILED,
            f"Valkey did not start. The end of its log {self.log}:\n{said}",
            log=self.log,
        )
