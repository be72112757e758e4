"""What of the catalogue can be imported: items, by their codes."""

from collections.abc import Sequence

from shuke_core.access.permissions import CATALOG_EDIT
from shuke_core.catalog.services import Fate, take_items
from shuke_core.catalog.told import ItemOutcome, ItemRefused, ToldItem, read_item
from shuke_core.imports.kinds import Asked, Cells, ImportKind, RowRefused, Taken, declare_import

VIA = "file"
HEADINGS = {
    **dict.fromkeys(("code", "sku", "item code", "编码", "商品编码", "货号", "商品编号"), "code"),
    **dict.fromkeys(("name", "item name", "名称", "商品名称", "品名"), "name"),
    **dict.fromkeys(("category", "类目", "分类", "商品分类", "类别"), "category"),
    **dict.fromkeys(("price", "价格", "售价", "单价", "零售价", "价格(元)"), "price"),
    **dict.fromkeys(("state", "status", "状态", "商品状态"), "state"),
}
_TAKEN = {
    ItemOutcome.ENTERED: Taken.ENTERED,
    ItemOutcome.CHANGED: Taken.CHANGED,
    ItemOutcome.SAME: Taken.SAME,
}


async def _take(rows: Sequence[Cells], asked: Asked) -> list[Taken | RowRefused]:
    read = [read_item(dict(cells)) for cells in rows]
    told = [item for item in read if isinstance(item, ToldItem)]
    fates = iter(await take_items(told, VIA, asked.id))
    return [_fate(item if isinstance(item, ItemRefused) else next(fates)) for item in read]


def _fate(fate: Fate) -> Taken | RowRefused:
    if isinstance(fate, ItemRefused):
        return RowRefused(fate.field, fate.code, fate.found)
    return _TAKEN[fate]


ITEMS = declare_import(
    ImportKind(
        "items",
        {"zh": "商品", "en": "Items"},
        CATALOG_EDIT,
        HEADINGS,
        frozenset({"code"}),
        _take,
    )
)
