"""Probes of the catalogue and of imports, asked for by another tenant's handles."""

from collections.abc import Awaitable, Callable

from tests.support.exports import as_staff
from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.catalog.queries import (
    categories_below,
    category_of_id,
    item_of_code,
    item_of_id,
    items_of,
)
from shuke_core.catalog.rules import ItemState
from shuke_core.catalog.services import ItemChange, change_item, create_item
from shuke_core.catalog.tree import (
    categories_named,
    change_category,
    create_category,
    move_category,
    remove_category,
)
from shuke_core.files.services import file_card
from shuke_core.imports.queries import import_of_id, refused_rows
from shuke_core.imports.services import correct_row, redo_import
from shuke_core.kit.transactions import fetch_one


async def _as_admin() -> None:
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND role = 'admin' LIMIT 1")
    assert row is not None
    as_staff(row["id"])


async def _rename(h: Handles) -> object:
    await change_category(h.category_id, name="新")
    return "renamed"


async def _move(h: Handles) -> object:
    await move_category(h.category_id, None, 7)
    return "moved"


async def _below(h: Handles) -> object:
    return bool(await create_category("新", h.category_id))


async def _remove(h: Handles) -> object:
    await remove_category(h.category_id)
    return "removed"


async def _enter(h: Handles) -> object:
    return bool(await create_item("probe", "x", 1, category_id=h.category_id))


async def _page(h: Handles) -> object:
    found = await items_of(tuple(ItemState), h.category_id, 10, None)
    return found.given["low"]


async def _redo(h: Handles) -> object:
    await _as_admin()
    return await redo_import(h.import_id)


async def _correct(h: Handles) -> object:
    await _as_admin()
    return await correct_row(h.row_id, {"price": "1"})


async def _file(h: Handles) -> object:
    """Files of imports are gone at their end; the one of an export stays."""
    row = await fetch_one(
        "SELECT file_id FROM export WHERE tenant_id = $1 AND id = $2", h.export_id
    )
    return (await file_card(row["file_id"] if row else h.export_id)).chunks


async def _named(h: Handles) -> object:
    return len(await categories_named([(f"类{h.item_code}",)], "probe", make=False))


SHELVED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "category_of_id": lambda h: columns_of(category_of_id(h.category_id), "place"),
    "categories_named": _named,
    "change_category": _rename,
    "move_category": _move,
    "create_category below": _below,
    "remove_category": _remove,
    "item_of_id": lambda h: columns_of(item_of_id(h.item_id), "name"),
    "item_of_code": lambda h: columns_of(item_of_code(h.item_code), "name"),
    "change_item": lambda h: change_item(h.item_id, 1, ItemChange(price_fen=7)),
    "create_item in a category": _enter,
    "items_of a category": _page,
    "import_of_id": lambda h: columns_of(import_of_id(h.import_id), "rows"),
    "refused_rows": lambda h: columns_of(refused_rows(h.import_id, 0, 10), "code"),
    "redo_import": _redo,
    "correct_row": _correct,
    "file_card": _file,
}

# Questions about the whole tenant.
SHELVES: dict[str, Callable[[], Awaitable[object]]] = {
    "categories": lambda: columns_of(categories_below(None), "name"),
}
