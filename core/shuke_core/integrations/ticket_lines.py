"""The lines of a ticket: what was sold or sent back, and lines that do not quite add up.

Tills drop the odd fen from the total (抹零) or spread a discount with rounding, so a small
difference is normal and the total is what was paid; a large one means that something was misread.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from shuke_core.integrations.ticket_facts import CleanLine, RefundedLine
from shuke_core.integrations.ticket_fields import TicketRefused, amount, optional_text, read
from shuke_core.kit.cleaning import Unclean, clean_scalar, shown
from shuke_core.orders.rules import DiscountSource

MOST_LINES: Final = 1000
ROUNDING_FEN: Final = 100
ROUNDING_SHARE: Final = 100  # one part in a hundred
WHOLE_TICKET_NAME: Final = "整单"

_THOUSANDTH: Final = Decimal("0.001")
_QUANTITY_LIMIT: Final = Decimal(1_000_000)
# Tills print the unit or a mark for changed prices behind the number: `1份`, `2*`.
_QUANTITY = re.compile(r"(-?)([0-9]{1,12}(?:\.[0-9]{1,12})?) ?[^0-9.,+%-]{0,4}")
_LINE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


def clean_lines(raw: object, total_fen: int) -> tuple[CleanLine, ...]:
    """The lines of a sale, adding up to `total_fen`; one line for the whole ticket if it has none.

    Raises `TicketRefused`: LINES_NOT_A_LIST, LINES_TOO_MANY, LINE_NOT_AN_OBJECT, FIELD_MISSING,
    QUANTITY_INVALID, LINE_NEGATIVE_SEND_REFUND, DISCOUNTS_NOT_AN_OBJECT, DISCOUNT_SOURCE_UNKNOWN,
    TOTAL_MISMATCH, and the codes of text and money.
    """
    items = _items(raw)
    if not items:
        return (CleanLine(None, WHOLE_TICKET_NAME, Decimal("1.000"), total_fen),)
    lines = [_clean_line(f"lines[{place}]", item) for place, item in enumerate(items)]
    amounts = settle_amounts([line.amount_fen for line in lines], total_fen)
    return tuple(replace(line, amount_fen=fen) for line, fen in zip(lines, amounts, strict=True))


def clean_refunded_lines(raw: object, total_fen: int, sign: int) -> tuple[RefundedLine, ...]:
    """The lines of a refund, adding up to `total_fen`; empty where the till names none.

    `sign` is the sign the till gave its total: its lines must carry the same. Raises as
    `clean_lines`, and LINE_NUMBER_INVALID, LINE_REPEATED, REFUND_SIGNS_DIFFER.
    """
    items = _items(raw)
    if not items:
        return ()
    lines: dict[int, RefundedLine] = {}
    for place, item in enumerate(items):
        path = f"lines[{place}]"
        line = _clean_refunded_line(path, item, sign)
        if line.line in lines:
            raise TicketRefused(f"{path}.line", "LINE_REPEATED", shown(item.get("line")))
        lines[line.line] = line
    settled = settle_amounts([line.amount_fen for line in lines.values()], total_fen)
    return tuple(
        replace(line, amount_fen=fen) for line, fen in zip(lines.values(), settled, strict=True)
    )


def settle_amounts(amounts: Sequence[int], total_fen: int) -> list[int]:
    """`amounts` (none negative) made to add up to `total_fen`: the largest carries the difference.

    Where the largest is smaller than what must go, the next largest carries on. Raises
    `TicketRefused` TOTAL_MISMATCH for a difference above 1 yuan and above 1 % of the total.
    """
    settled = list(amounts)
    difference = total_fen - sum(settled)
    if abs(difference) > max(ROUNDING_FEN, total_fen // ROUNDING_SHARE):
        raise TicketRefused("total", "TOTAL_MISMATCH", f"{total_fen} fen, lines {sum(settled)} fen")
    while difference:
        largest = settled.index(max(settled))
        change = max(difference, -settled[largest])
        settled[largest] += change
        difference -= change
    return settled


def _items(raw: object) -> list[dict[str, object]]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise TicketRefused("lines", "LINES_NOT_A_LIST", shown(raw))
    if len(raw) > MOST_LINES:
        raise TicketRefused("lines", "LINES_TOO_MANY", str(len(raw)))
    for place, item in enumerate(raw):
        if not isinstance(item, dict):
            raise TicketRefused(f"lines[{place}]", "LINE_NOT_AN_OBJECT", shown(item))
    return raw


def _clean_line(path: str, item: dict[str, object]) -> CleanLine:
    sku = optional_text(f"{path}.sku", item.get("sku"), longest=64)
    name = optional_text(f"{path}.name", item.get("name"), longest=200) or sku
    if name is None:
        raise TicketRefused(f"{path}.name", "FIELD_MISSING", shown(item.get("name")))
    quantity = read(f"{path}.quantity", lambda: _quantity(item.get("quantity")))
    fen = amount(f"{path}.amount", item.get("amount"))
    if fen < 0:
        raise TicketRefused(
            f"{path}.amount", "LINE_NEGATIVE_SEND_REFUND", shown(item.get("amount"))
        )
    return CleanLine(
        sku, name, quantity, fen, _discounts(f"{path}.discounts", item.get("discounts"))
    )


def _discounts(path: str, raw: object) -> Mapping[DiscountSource, int]:
    """What was taken off, by where it came from; tills differ on the sign."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise TicketRefused(path, "DISCOUNTS_NOT_AN_OBJECT", shown(raw))
    unknown = [name for name in raw if name not in {each.value for each in DiscountSource}]
    if unknown:
        raise TicketRefused(path, "DISCOUNT_SOURCE_UNKNOWN", shown(unknown[0]))
    return {
        source: abs(amount(f"{path}.{source.value}", raw[source.value]))
        for source in DiscountSource
        if source.value in raw
    }


def _clean_refunded_line(path: str, item: dict[str, object], sign: int) -> RefundedLine:
    number = read(f"{path}.line", lambda: _line_number(item.get("line")))
    fen = amount(f"{path}.amount", item.get("amount")) * sign
    if fen < 0:
        raise TicketRefused(f"{path}.amount", "REFUND_SIGNS_DIFFER", shown(item.get("amount")))
    said = item.get("quantity")
    quantity = None if said is None else read(f"{path}.quantity", lambda: _quantity(said))
    return RefundedLine(number, fen, quantity)


def _quantity(value: object) -> Decimal:
    text = clean_scalar(value, longest=32)
    if text is None:
        return Decimal("1.000")
    parts = _QUANTITY.fullmatch(text)
    if parts is None:
        raise Unclean("QUANTITY_INVALID", shown(value))
    if parts[1]:
        raise Unclean("LINE_NEGATIVE_SEND_REFUND", shown(value))
    quantity = Decimal(parts[2]).quantize(_THOUSANDTH, rounding=ROUND_HALF_UP)
    if not 0 < quantity < _QUANTITY_LIMIT:
        raise Unclean("QUANTITY_INVALID", shown(value))
    return quantity


def _line_number(value: object) -> int:
    text = clean_scalar(value, longest=32)
    if text is None:
        raise Unclean("FIELD_MISSING", shown(value))
    if not _LINE_NUMBER.fullmatch(text) or int(text) > MOST_LINES:
        raise Unclean("LINE_NUMBER_INVALID", shown(value))
    return int(text)
