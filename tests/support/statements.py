"""For whoever watches the statements of units of work."""

from typing import Any

from shuke_core.kit.engine import UnitConnection


async def as_any_read(self: UnitConnection, seconds: float, sql: str, *values: object) -> Any:
    """In the place of `UnitConnection.read_apart`: goes through `read`, which is watched."""
    return await self.read(sql, *values)
