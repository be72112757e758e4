"""Short ways to act on a shop's catalogue in tests, and what stands in its tables."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.catalog.rules import path_of
from shuke_core.kit.transactions import in_unit_of_work

Result = TypeVar("Result")
_TREE = "SELECT id, parent_id, name, place, path, depth FROM category WHERE tenant_id = $1"
_ITEMS = (
    "SELECT i.code, i.name, c.name AS category, i.price_fen, i.state, i.version FROM item i "
    "LEFT JOIN category c ON c.tenant_id = i.tenant_id AND c.id = i.category_id "
    "WHERE i.tenant_id = $1 ORDER BY i.code"
)


async def act(shop: Shop, work: Callable[[], Awaitable[Result]]) -> Result:
    """Does it in a unit of work of the shop's own."""
    return await in_unit_of_work(shop.tenant_id, work)


async def tree_of(shop: Shop) -> dict[UUID, dict[str, Any]]:
    """The rows of the tree, by id."""
    return {row["id"]: row for row in await shop.rows(_TREE)}


async def faults_of(shop: Shop) -> list[str]:
    """Categories that nothing leads to from a root, or whose path or depth is not what leads to them."""
    rows = await tree_of(shop)
    found, reached = [], set()
    waiting = [(row, "", 1) for row in rows.values() if row["parent_id"] is None]
    while waiting:
        row, above, depth = waiting.pop()
        reached.add(row["id"])
        if (row["path"], row["depth"]) != (path_of(above, row["id"]), depth):
            found.append(f"{row['name']} has the path {row['path']} at {row['depth']}")
        waiting += [
            (each, row["path"], depth + 1)
            for each in rows.values()
            if each["parent_id"] == row["id"]
        ]
    return found + [f"{rows[each]['name']} hangs on no root" for each in rows.keys() - reached]


async def items_of(shop: Shop) -> list[tuple[Any, ...]]:
    """Code, name, category, price, state and version of every item, by code."""
    return [tuple(row.values()) for row in await shop.rows(_ITEMS)]


async def announced(shop: Shop, *types: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of these types so far, in their order."""
    import orjson

    rows = await shop.rows(
        "SELECT type, payload::text AS payload FROM event WHERE tenant_id = $1 "
        "AND type = ANY ($2::text[]) ORDER BY recorded_at, id",
        list(types),
    )
    return [(row["type"], orjson.loads(row["payload"])) for row in rows]
