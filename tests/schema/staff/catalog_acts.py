"""What mutations of the catalogue and of imports are asked with, so that each leaves its act."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.imports import imported, stored
from tests.support.shop import Shop

from shuke_core.catalog.services import create_item
from shuke_core.catalog.tree import create_category
from shuke_core.kit.transactions import unit_of_work

Given = dict[str, Any]


async def _nothing(_: Shop) -> Given:
    return {}


async def _item(shop: Shop) -> Given:
    async with unit_of_work(shop.tenant_id):
        return {"id": str(await create_item("T-1", "龙井", 100))}


async def _category(shop: Shop) -> Given:
    async with unit_of_work(shop.tenant_id):
        await create_category("饮品")
        return {"id": str(await create_category("茶"))}


async def _file(shop: Shop) -> Given:
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        return {"id": str(await stored(b"code,name,price\nA,x,1\n"))}


async def _import(shop: Shop) -> Given:
    return {"id": str(await imported(shop, b"code,name,price\nA,x,-1\n"))}


async def _row(shop: Shop) -> Given:
    await _import(shop)
    rows = await shop.rows("SELECT id FROM refused_row WHERE tenant_id = $1")
    return {"id": str(rows[0]["id"])}


_ENTER = 'createItem(item: {code: "T-2", name: "普洱", priceFen: 200})'

CATALOG_MUTATIONS: dict[str, tuple[str, Callable[[Shop], Awaitable[Given]], str]] = {
    "createItem": (_ENTER, _nothing, "item.created"),
    "changeItem": (
        "changeItem(id: $id, version: 1, change: {priceFen: 90})",
        _item,
        "item.changed",
    ),
    "retireItem": ("retireItem(id: $id, version: 1)", _item, "item.changed"),
    "createCategory": ('createCategory(name: "酒")', _nothing, "category.created"),
    "changeCategory": ('changeCategory(id: $id, name: "绿茶")', _category, "category.changed"),
    "moveCategory": ("moveCategory(id: $id, place: 9)", _category, "category.moved"),
    "removeCategory": ("removeCategory(id: $id)", _category, "category.removed"),
    "startFileImport": (
        'startFileImport(kind: "items", fileId: $id)',
        _file,
        "import.requested",
    ),
    "redoFileImport": ("redoFileImport(id: $id)", _import, "import.redone"),
    "correctRefusedRow": (
        'correctRefusedRow(id: $id, cells: {price: "1"})',
        _row,
        "import.row_corrected",
    ),
}
