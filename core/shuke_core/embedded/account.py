"""The system user that PostgreSQL runs as when we are root, which PostgreSQL refuses to be."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault

ACCOUNT_NAME = "shuke_postgres"


@dataclass(frozen=True)
class Account:
    """Who a server runs as; `uid` None means: as we are."""

    uid: int | None = None
    gid: int | None = None

    def run(
        self,
        command: Sequence[str | Path],
        *,
        held: tuple[int, ...] = (),
        seconds: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end in a session of its own (so that Ctrl-C spares it).

        `held` are open files that it inherits. Standard output and errors come back as one text.
        """
        return subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=server_environment(),
            pass_fds=held,
            start_new_session=True,
            timeout=seconds,
            check=False,
            **self.identity(),
        )

    def identity(self) -> dict[str, Any]:
        """The arguments of `subprocess` that make a child this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make a file or folder this account's."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Can this account reach the folder? Tried for real: modes alone don't tell (ACLs)."""
        if self.uid is None:
            return True
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0


def server_environment() -> dict[str, str]:
    """Our environment without what would bend a server: PGDATA, PGPORT, LC_ALL and their kin."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_", "LANG", "TZ"))
    }
    # Messages in English: full disks are recognised by their text.
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def postgres_account() -> Account:
    """As we are, unless we are root: then the system user `shuke_postgres`, made when missing."""
    if os.geteuid() != 0:
        return Account()
    entry = _entry() or _create()
    account = Account(entry.pw_uid, entry.pw_gid)
    try:
        account.run(["/bin/sh", "-c", ":"])
    except (OSError, subprocess.SubprocessError) as error:
        raise _no_account(f"switching to it fails ({error})") from error
    return account


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise _no_account("there is no `useradd` to make it with")
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin") or "/bin/false"
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    made = Account().run([useradd, *options, "--shell", nologin, ACCOUNT_NAME])
    # Two first runs may create it at once: what counts is that it is there.
    entry = _entry()
    if entry is None:
        raise _no_account(f"`useradd` failed: {made.stdout.strip()}")
    return entry


def _no_account(why: str) -> EmbeddedError:
    return EmbeddedError(
        EmbeddedFault.NO_SYSTEM_USER,
        f"PostgreSQL refuses to run as root and the system user {ACCOUNT_NAME} cannot be used: "
        f"{why}. Run Shuke as an ordinary user, or create that user.",
        account=ACCOUNT_NAME,
    )
