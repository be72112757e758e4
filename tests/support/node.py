"""npm packages for tests: where npm can't get them a test is skipped, but never in CI."""

import os
from pathlib import Path

import pytest
from benchmarks.node import NODE, packages

__all__ = ["NODE", "node_folder"]


def node_folder(source: Path) -> Path:
    """A folder with the files of `source` and its dependencies."""
    folder = packages(source)
    if folder is None:
        reason = f"npm can't install what {source.name} needs"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    return folder
