"""Orders of this house's own: placed in the mini-program or at the counter. The catalogue says what
things cost."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.timestamps import business_day
from shuke_core.kit.transactions import fetch, fetch_value
from shuke_core.members.following import lock_member
from shuke_core.orders.channels import COUNTER, MINI_PROGRAM, Saying, Teller, check_may
from shuke_core.orders.errors import (
    ItemNotOnSale,
    OrderInvalid,
    PriceChanged,
)
from shuke_core.orders.rules import LARGEST_QUANTITY, is_quantity, line_amount
from shuke_core.orders.services import NewLine, NewSale, record_sales
from shuke_core.tenants.errors import StoreUnknown
from shuke_core.tenants.queries import stores_by_code, this_tenant

MOST_LINES = 100
_THOUSANDTH = Decimal("0.001")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 11  # 55 bits: no two orders of a day meet


@dataclass(frozen=True, slots=True)
class Wanted:
    """So much of the item of that code; up to three places, for weighed goods."""

    code: str
    quantity: Decimal


async def order_by_member(
    member_id: UUID, store_code: str, wanted: Sequence[Wanted], expected_fen: int
) -> UUID:
    """Places a member's order in the mini-program at today's prices; returns its id.

    Raises MemberUnknown, StoreUnknown, OrderInvalid, ItemNotOnSale, and PriceChanged when it does not
    come to `expected_fen`, which is what the member has seen.
    """
    check_may(Teller.MEMBER, MINI_PROGRAM, Saying.PLACE)
    member_id = await lock_member(member_id, "KEY SHARE", visitors=False)
    return await _place(MINI_PROGRAM, member_id, store_code, wanted, expected_fen)


async def order_at_counter(
    member_id: UUID | None, store_code: str, wanted: Sequence[Wanted], expected_fen: int
) -> UUID:
    """Enters an order by hand, for a member or for nobody; as `order_by_member`."""
    check_may(Teller.STAFF, COUNTER, Saying.PLACE)
    if member_id is not None:
        member_id = await lock_member(member_id, "KEY SHARE", visitors=False)
    order_id = await _place(COUNTER, member_id, store_code, wanted, expected_fen)
    await record("order.placed", f"order:{order_id}", member_id=member_id)
    return order_id


async def _place(
    channel: str,
    member_id: UUID | None,
    store_code: str,
    wanted: Sequence[Wanted],
    expected_fen: int,
) -> UUID:
    tenant, now = await this_tenant(), clock.now()
    stores = await stores_by_code([store_code])
    if store_code not in stores:
        raise StoreUnknown(code=store_code)
    lines = await _priced(wanted)
    total = sum(line.amount_fen for line in lines)
    if total != expected_fen:
        raise PriceChanged(total=total)
    number, day = new_number("M" if channel == MINI_PROGRAM else "C"), await today()
    sale = NewSale(
        *(stores[store_code], number, day, now, now, member_id, total, lines), whole=False
    )
    await record_sales(channel, tenant.currency, [sale])
    order_id: UUID = await fetch_value(
        "SELECT id FROM orders WHERE tenant_id = $1 AND source = $2 AND store_id = $3 "
        "AND external_no = $4 AND business_day = $5",
        *(channel, stores[store_code], number, day),
    )
    return order_id


async def _priced(wanted: Sequence[Wanted]) -> tuple[NewLine, ...]:
    """The lines at today's prices."""
    if not 1 <= len(wanted) <= MOST_LINES:
        raise OrderInvalid(problem=f"an order has 1 to {MOST_LINES} lines")
    for each in wanted:
        if not is_quantity(each.quantity):
            raise OrderInvalid(
                problem=f"a quantity is above 0, at most {LARGEST_QUANTITY}, with up to three places"
            )
    rows = await fetch(
        "SELECT code, name, price_fen FROM item WHERE tenant_id = $1 AND code = ANY ($2::text[]) "
        "AND state = 'on_sale'",
        [each.code for each in wanted],
    )
    items = {row["code"]: row for row in rows}
    for each in wanted:
        if each.code not in items:
            raise ItemNotOnSale(code=each.code)
    return tuple(
        NewLine(
            each.code,
            items[each.code]["name"],
            each.quantity.quantize(_THOUSANDTH),
            line_amount(items[each.code]["price_fen"], each.quantity),
        )
        for each in wanted
    )


async def today() -> date:
    """The tenant's business day of this moment."""
    tenant = await this_tenant()
    return business_day(clock.now(), tenant.zone, tenant.day_starts_at)


def new_number(kind: str) -> str:
    """A number of this house's own, of an order or of a refund."""
    return kind + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
