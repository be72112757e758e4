"""Rows of a file of orders: which of them are one order, and the ticket that they tell of.

One row is one line of an order. What is the order's (store, time, buyer, total) may stand in each of its
rows or in one; it must not say two things. Pure: no database is asked.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from shuke_core.imports.kinds import Cells, RowRefused
from shuke_core.integrations.quarantine import masked
from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.money import format_fen, parse_fen

HEADINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("no", "order no", "订单号", "订单编号", "单号", "小票号", "流水号", "交易号"), "no"
    ),
    **dict.fromkeys(("store", "store code", "门店", "门店编码", "门店编号", "店号"), "store"),
    **dict.fromkeys(
        ("at", "time", "时间", "下单时间", "支付时间", "交易时间", "销售时间", "日期"), "at"
    ),
    **dict.fromkeys(("phone", "手机", "手机号", "手机号码", "会员手机号"), "phone"),
    **dict.fromkeys(("card", "card no", "卡号", "会员卡号"), "card"),
    **dict.fromkeys(("buyer", "姓名", "会员姓名", "顾客", "顾客姓名"), "buyer"),
    **dict.fromkeys(("receipt", "小票码"), "receipt"),
    **dict.fromkeys(("total", "总金额", "订单金额", "实付", "实付金额", "合计"), "total"),
    **dict.fromkeys(("kind", "类型", "单据类型"), "kind"),
    **dict.fromkeys(("refunds", "原单号", "原订单号"), "refunds"),
    **dict.fromkeys(("refunds_day", "原单日期"), "refunds_day"),
    **dict.fromkeys(("sku", "code", "item code", "商品编码", "编码", "货号"), "sku"),
    **dict.fromkeys(("name", "item", "item name", "商品", "商品名称", "品名", "名称"), "name"),
    **dict.fromkeys(("quantity", "数量", "件数"), "quantity"),
    **dict.fromkeys(("amount", "金额", "小计", "行金额"), "amount"),
    **dict.fromkeys(("line", "行号", "原行号"), "line"),
}
NEEDED: Final = frozenset({"no", "store", "at"})
OF_THE_LINE: Final = ("sku", "name", "quantity", "amount")
# What may be repeated to staff and in the audit; of the rest nobody is told what stood there.
PLAIN: Final = frozenset({*NEEDED, *OF_THE_LINE, "total", "kind", "refunds", "refunds_day", "line"})
_OF_THE_ORDER: Final = (
    *("kind", "no", "store", "at", "phone", "card", "buyer", "receipt", "total"),
    *("refunds", "refunds_day"),
)
_KINDS: Final = {
    "销售": "sale",
    "销售单": "sale",
    "退货": "refund",
    "退款": "refund",
    "退货单": "refund",
}
_LINE = re.compile(r"lines\[(\d+)\](?:\.(\w+))?")


@dataclass(frozen=True, slots=True)
class OrderRows:
    """The rows of one order: their places in the batch, and what they say."""

    places: tuple[int, ...]
    cells: tuple[Cells, ...]


@dataclass(frozen=True, slots=True)
class WrongRow:
    """What keeps an order out, and the place of the row in which it stands."""

    place: int
    why: RowRefused


def orders_in(rows: Sequence[Cells], day_of: Callable[[str], date | None]) -> Iterator[OrderRows]:
    """The orders that rows tell of, in their order. `day_of` is the business day of a time as written,
    None where it can't be read.

    One goes on as long as the number stays the same and store, kind and day say nothing else: tills count
    from 1 in each store and, some of them, each day.
    """
    began: dict[str, str] = {}
    places: list[int] = []
    for place, cells in enumerate(rows):
        if places and not _goes_on(began, cells, day_of):
            yield OrderRows(tuple(places), tuple(rows[each] for each in places))
            began, places = {}, []
        for column in ("no", "store", "kind", "at"):
            if column not in began and _said(cells, column):
                began[column] = _said(cells, column)
        places.append(place)
    if places:
        yield OrderRows(tuple(places), tuple(rows[each] for each in places))


def _said(cells: Cells, column: str) -> str:
    return cells.get(column, "").strip()


def _goes_on(began: Mapping[str, str], cells: Cells, day_of: Callable[[str], date | None]) -> bool:
    if not _said(cells, "no") or _said(cells, "no") != began.get("no"):
        return False
    for column in ("store", "kind"):
        if _said(cells, column) and _said(cells, column) != began.get(column, _said(cells, column)):
            return False
    at, before = _said(cells, "at"), began.get("at")
    if not at or not before or at == before:
        return True
    days = day_of(at), day_of(before)
    return None in days or days[0] == days[1]


def ticket_of(order: OrderRows) -> dict[str, object] | WrongRow:
    """The ticket that the rows tell of, as a till would send it; or the row that keeps it from being one.

    Without a total it is the sum of the amounts. Codes beside those of amounts: ORDER_CONTRADICTS,
    AMOUNT_MISSING where neither stands.
    """
    body: dict[str, object] = {}
    for column in _OF_THE_ORDER:
        said = _one_word(order, column)
        if isinstance(said, WrongRow):
            return said
        if said is not None:
            body["name" if column == "buyer" else column] = said
    body["kind"] = _KINDS.get(str(body.get("kind", "sale")), body.get("kind", "sale"))
    amounts = _amounts(order, None if "total" not in body else str(body["total"]))
    if isinstance(amounts, WrongRow):
        return amounts
    if "total" not in body:
        body["total"] = format_fen(sum(amounts))
    is_refund = body["kind"] == "refund"
    columns: tuple[str, ...] = ("line",) if is_refund else OF_THE_LINE[:3]
    needed: tuple[str, ...] = ("line",) if is_refund else ("sku", "name")
    if len(order.cells) > 1 or any(_said(order.cells[0], each) for each in needed):
        body["lines"] = [
            {each: cells[each] for each in columns if _said(cells, each)}
            | {"amount": format_fen(fen)}
            for cells, fen in zip(order.cells, amounts, strict=True)
        ]
    if is_refund and not any(_said(each, "line") for each in order.cells):
        body.pop("lines", None)  # what went back is not said: the money alone
    return body


def _one_word(order: OrderRows, column: str) -> str | WrongRow | None:
    """What the rows say in a column of the order's; the first time of a day is its time."""
    first: str | None = None
    for place, cells in zip(order.places, order.cells, strict=True):
        said = _said(cells, column)
        if not said:
            continue
        if first is None:
            first = said
        elif column != "at" and said != first and not (column == "total" and _same(said, first)):
            return WrongRow(
                place, RowRefused(column, "ORDER_CONTRADICTS", _shown(column, f"{first} ≠ {said}"))
            )
    return first


def _same(one: str, other: str) -> bool:
    try:
        return parse_fen(one) == parse_fen(other)
    except Unclean:
        return False


def _amounts(order: OrderRows, total: str | None) -> list[int] | WrongRow:
    amounts = []
    for place, cells in zip(order.places, order.cells, strict=True):
        said = _said(cells, "amount")
        if not said and len(order.cells) == 1:
            said = total or ""  # the one line of an order is all of it
        try:
            amounts.append(parse_fen(said or None))
        except Unclean as unclean:
            field = "amount" if _said(cells, "amount") or total is None else "total"
            return WrongRow(place, RowRefused(field, unclean.code, _shown(field, unclean.found)))
    return amounts


def _shown(column: str, found: str) -> str:
    if column == "phone":
        return masked(found, column)
    return masked(found) if column in PLAIN or column == "$" else ""


def wrong_row(order: OrderRows, rejected: Rejected) -> WrongRow:
    """Where in the file stands what intake found wrong with the ticket."""
    if path := _LINE.fullmatch(rejected.field):
        place, column = int(path[1]), path[2] or "$"
        where = order.places[min(place, len(order.places) - 1)]
    else:
        column = "buyer" if rejected.field == "name" else rejected.field.partition("[")[0]
        column = "$" if column == "lines" else column
        where = next(
            (
                place
                for place, cells in zip(order.places, order.cells, strict=True)
                if _said(cells, column)
            ),
            order.places[0],
        )
    return WrongRow(where, RowRefused(column, rejected.code, _shown(column, rejected.found)))
