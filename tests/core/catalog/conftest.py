"""What is sent to PostgreSQL, statement by statement."""

from typing import Any

import pytest

from shuke_core.kit.engine import UnitConnection


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that units of work send."""
    sent: list[str] = []
    fetch = UnitConnection.fetch

    async def noted(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        sent.append(sql)
        return await fetch(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "fetch", noted)
    return sent
