"""Records the statements of the main story, for the next release to be checked against.

`python -m pytest -p tests.upgrade.recording tests/stories/test_a_ticket_becomes_points.py
--record FILE` on the released version; the file is committed as `statements_of_VERSION.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

_seen: dict[str, int] = {}


def _is_a_tests_own() -> bool:
    """Whether a test asks by itself, through `Shop.rows`."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name == "rows":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    from shuke_core.kit.engine import UnitConnection

    fetches = UnitConnection.fetch

    async def fetch(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        if not _is_a_tests_own():
            _seen[sql] = len(values)
        return await fetches(self, sql, *values)

    UnitConnection.fetch = fetch  # type: ignore[method-assign]


def pytest_unconfigure(config: pytest.Config) -> None:
    if target := config.getoption("--record"):
        rows = [{"sql": sql, "values": count} for sql, count in sorted(_seen.items())]
        target.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
