"""Takes the application's own tenant filters away, so that row security is left alone."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import asyncpg
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet

from shuke_core.app import installed_apps
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.models import TenantManager

_FILTER = re.compile(r"(?:\b\w+\.)?\btenant_id = \$1(?!\d)")
_JOIN = re.compile(r"\b\w+\.tenant_id = \w+\.tenant_id\b")
_IN_FUNCTION = re.compile(r"(?:\b\w+\.)?\btenant_id = p_tenant\b")


@dataclass(slots=True)
class Removed:
    """How many filters were taken out, and which statements still speak of the tenant."""

    filters: int = 0
    joins: int = 0
    managers: int = 0
    left: list[str] = field(default_factory=list)

    def without(self, sql: str) -> str:
        """The statement with every tenant filter always true."""
        text, filters = _FILTER.subn("($1::uuid IS NOT NULL)", sql)
        text, joins = _JOIN.subn("true", text)
        self.filters += filters
        self.joins += joins
        if re.search(r"tenant_id\s*(=|IN\b|IS NOT DISTINCT)", text):
            self.left.append(text)
        return text


@contextmanager
def filters_removed() -> Iterator[Removed]:
    """Every statement of every unit of work goes out without its tenant filters."""
    removed = Removed()
    fetch, filtered = UnitConnection.fetch, TenantManager.get_queryset
    fetch_value, read = UnitConnection.fetch_value, UnitConnection.read
    read_apart = UnitConnection.read_apart

    async def fetch_without(
        self: UnitConnection, sql: str, *values: object
    ) -> list[dict[str, Any]]:
        return await fetch(self, removed.without(sql), *values)

    async def fetch_value_without(self: UnitConnection, sql: str, *values: object) -> Any:
        return await fetch_value(self, removed.without(sql), *values)

    async def read_without(
        self: UnitConnection, sql: str, *values: object
    ) -> Sequence[asyncpg.Record]:
        return await read(self, removed.without(sql), *values)

    async def read_apart_without(
        self: UnitConnection, seconds: float, sql: str, *values: object
    ) -> Sequence[asyncpg.Record]:
        return await read_apart(self, seconds, removed.without(sql), *values)

    def unfiltered(self: TenantManager) -> QuerySet[Model]:
        removed.managers += 1
        return Manager.get_queryset(self)

    UnitConnection.fetch = fetch_without  # type: ignore[method-assign]
    UnitConnection.fetch_value = fetch_value_without  # type: ignore[method-assign]
    UnitConnection.read = read_without  # type: ignore[method-assign]
    UnitConnection.read_apart = read_apart_without  # type: ignore[method-assign]
    TenantManager.get_queryset = unfiltered  # type: ignore[method-assign]
    try:
        yield removed
    finally:
        UnitConnection.fetch = fetch  # type: ignore[method-assign]
        UnitConnection.fetch_value = fetch_value  # type: ignore[method-assign]
        UnitConnection.read = read  # type: ignore[method-assign]
        UnitConnection.read_apart = read_apart  # type: ignore[method-assign]
        TenantManager.get_queryset = filtered  # type: ignore[method-assign]


async def functions_without_filters(owner: asyncpg.Connection) -> int:
    """Puts the SQL functions in place without theirs; returns how many filters were taken out."""
    taken = 0
    for written in _functions():
        text, count = _IN_FUNCTION.subn("(p_tenant IS NOT NULL)", written)
        await owner.execute(text)
        taken += count
    return taken


@asynccontextmanager
async def functions_as_they_are(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Inside, the SQL functions have their filters again."""
    for written in _functions():
        await owner.execute(written)
    try:
        yield
    finally:
        await functions_without_filters(owner)


def _functions() -> Iterator[str]:
    for app in installed_apps().values():
        for module in app.models:
            source = files(module.rpartition(".")[0]) / "functions.sql"
            if source.is_file():
                yield source.read_text()
