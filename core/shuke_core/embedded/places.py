"""Where things live: PostgreSQL's data, the programs, and the short folder of the sockets."""

import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shuke_core.embedded.account import Account, postgres_account
from shuke_core.embedded.binaries import copy_of_tree, postgres_tree
from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault

# The kernel takes 107 bytes on Linux, 103 on macOS, for a socket's whole path.
SOCKET_PATH_BYTES = 103
LONGEST_SOCKET = "pg/.s.PGSQL.5432"
PLACES_FILE = "places.json"
CLAIM_FILE = "made-by-shuke.txt"
# For root, when the PostgreSQL user can't reach `home` (a clone below /root) or the venv.
OUTSIDE = Path("/var/lib/shuke")


@dataclass(frozen=True)
class Places:
    """The folders of one home, and who PostgreSQL runs as."""

    postgres: Path
    sockets: Path
    programs: Path
    account: Account


def open_home(home: Path) -> Path:
    """The home folder's full path; made when missing, private but for passing through."""
    home = home.expanduser().absolute()
    if not home.exists():
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return home.resolve()


def settle(home: Path) -> Places:
    """Decide where things live, or read what an earlier run decided (`places.json` in home).

    An ordinary user has all of it in `home`, but for the sockets: their paths must be short. Root
    needs PostgreSQL's part where its user gets in; no folder's mode is changed for that.
    """
    written = _read(home)
    account = postgres_account()
    sockets = Path(written["sockets"]) if "sockets" in written else None
    if sockets is None or not sockets.parent.is_dir():
        # Never decided, or that temp folder is gone.
        sockets = _short_folder(home)
    if "postgres" in written:
        postgres = Path(written["postgres"])
    else:
        postgres = home / "postgres"
        if not account.can_enter(home):
            postgres = _fresh_outside(home, _outside(account, home))
    if written.get("sockets") != str(sockets) or "postgres" not in written:
        # Before anything is put there: whoever reads home knows where its data went.
        _write(home, sockets=sockets, postgres=postgres)
    programs = postgres_tree()
    if not account.can_enter(programs / "bin"):
        programs = copy_of_tree(programs, _outside(account, programs))
    return Places(postgres, sockets, programs, account)


def open_sockets(sockets: Path, account: Account) -> Path:
    """Make the socket folders; return PostgreSQL's, which is only its user's (trust needs that)."""
    ours = os.geteuid()
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    # The name can be guessed and the temp folder is everybody's: a planted folder is refused.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != ours or found.st_mode & 0o022:
        raise EmbeddedError(
            EmbeddedFault.FOLDER_NOT_OURS,
            f"{sockets} should hold our sockets but is not our private folder. Remove it, or set "
            f"TMPDIR to a short folder of your own and remove {PLACES_FILE} from the home.",
            folder=sockets,
        )
    sockets.chmod(0o711 if account.uid is not None else 0o700)
    postgres = sockets / "pg"
    postgres.mkdir(mode=0o700, exist_ok=True)
    account.own(postgres)
    return postgres


def _read(home: Path) -> dict[str, str]:
    path = home / PLACES_FILE
    # An empty file is what a full disk leaves behind.
    if not path.exists() or not path.stat().st_size:
        return {}
    written = json.loads(path.read_text())
    if written["home"] != str(home) and written["postgres"] == f"{written['home']}/postgres":
        # The folder was moved with its data inside: all is where it would be decided anew.
        return {}
    return {name: str(value) for name, value in written.items()}


def _write(home: Path, *, sockets: Path, postgres: Path) -> None:
    text = json.dumps(
        {"home": str(home), "sockets": str(sockets), "postgres": str(postgres)}, indent=2
    )
    fresh = home / f"{PLACES_FILE}.new"
    fresh.write_text(text + "\n")
    fresh.replace(home / PLACES_FILE)


def _digest(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def _short_folder(home: Path) -> Path:
    candidates = [tempfile.gettempdir(), "/tmp"]  # noqa: S108  (ownership is checked on opening)
    # Root's runtime folder is closed to PostgreSQL's user.
    if os.geteuid() != 0 and os.environ.get("XDG_RUNTIME_DIR"):
        candidates.insert(0, os.environ["XDG_RUNTIME_DIR"])
    for candidate in map(Path, candidates):
        folder = candidate / f"shuke-{_digest(home)}"
        short = len(os.fsencode(folder / LONGEST_SOCKET)) <= SOCKET_PATH_BYTES
        if short and os.access(candidate, os.W_OK) and postgres_account().can_enter(candidate):
            return folder
    raise EmbeddedError(
        EmbeddedFault.FOLDER_REFUSED,
        f"No folder for sockets: {', '.join(candidates)} are too long, read-only or closed to "
        "PostgreSQL's user. Set TMPDIR to a short, writable folder.",
        folders=candidates,
    )


def _fresh_outside(home: Path, outside: Path) -> Path:
    # What an earlier home of this path had there can't be reached any more: it was deleted, and
    # whoever deletes the home means its data.
    for old in outside.glob(f"{_digest(home)}-*"):
        claim = old / CLAIM_FILE
        if claim.exists() and str(home) in claim.read_text().splitlines():
            shutil.rmtree(old)
    return outside / f"{_digest(home)}-{secrets.token_hex(4)}"


def _outside(account: Account, closed: Path) -> Path:
    try:
        if not OUTSIDE.exists():
            OUTSIDE.mkdir(parents=True)
            OUTSIDE.chmod(0o711)
        reached = account.can_enter(OUTSIDE) and os.access(OUTSIDE, os.W_OK)
    except OSError:
        reached = False
    if not reached:
        raise EmbeddedError(
            EmbeddedFault.FOLDER_REFUSED,
            f"PostgreSQL does not run as root, its own user cannot enter {closed}, and {OUTSIDE} "
            "cannot be used instead. Move the project to a folder that all users may enter, such "
            "as /srv, or run Shuke as an ordinary user.",
            closed=closed,
            outside=OUTSIDE,
        )
    return OUTSIDE
