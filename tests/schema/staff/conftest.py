"""A clock that may jump, for whatever ends with time."""

from collections.abc import Iterator

import pytest
from tests.support.accounts import Jumps, jumping


@pytest.fixture
def jumps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jumps]:
    """A clock that may jump."""
    with jumping(monkeypatch) as jumps:
        yield jumps
