"""What a till's ticket says once it is clean: a sale, an order, what was told of one,
or why none of it could be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from shuke_core.members.phones import Phone
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.rules import DiscountSource


@dataclass(frozen=True, slots=True)
class CleanLine:
    """One line of a sale: `quantity` has 3 decimals (weighed goods), `amount_fen` is 0 or more;
    `discounts` were taken off before."""

    sku: str | None
    name: str
    quantity: Decimal
    amount_fen: int
    discounts: Mapping[DiscountSource, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CleanSale:
    """A sale, or an order that is to be paid for and handed out: that is not `whole`.

    `at` is UTC; Σ `lines` is `total_fen`; without `phone` and `card` nobody's. `name` is what the till
    calls the buyer, `receipt` the code by which somebody may claim it later, `campaign` the code of the
    campaign that it was made in.
    """

    no: str
    store_code: str
    at: datetime
    business_day: date
    phone: Phone | None
    card: str | None
    name: str | None
    total_fen: int
    lines: tuple[CleanLine, ...]
    receipt: str | None = None
    whole: bool = True
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """How much of a sale's line went back; `line` is its number on the sale, counted from 1."""

    line: int
    amount_fen: int
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CleanRefund:
    """A refund of the sale `refunds_no`; amounts are positive. Without `lines` it names no goods.
    What is `exchanged_for` another order of the till pays for that one. `channel` as in `CleanStep`.

    `refunds_day`, the sale's business day, tells tickets apart where a till counts from 1 each day.
    """

    no: str
    store_code: str
    at: datetime
    business_day: date
    refunds_no: str
    refunds_day: date | None
    total_fen: int
    lines: tuple[RefundedLine, ...]
    channel: str | None = None
    exchanged_for: str | None = None


@dataclass(frozen=True, slots=True)
class CleanStep:
    """What is told of the order `order_no` after it was placed. `channel` is where it was placed, if not
    with who tells; a payment has an amount, and how it was made."""

    kind: OrderStepKind
    no: str
    store_code: str
    at: datetime
    business_day: date
    order_no: str
    order_day: date | None
    amount_fen: int | None = None
    method: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The first thing in a ticket that cannot be read.

    `field` is its JSON path (`lines[2].amount`, `$` for the whole), `code` stable UPPER_SNAKE, and
    `found` what stood there, short and printable.
    """

    field: str
    code: str
    found: str
