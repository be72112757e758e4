"""What a till's ticket says once it is clean: a sale, a refund, or why neither could be read."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shuke_core.members.phones import Phone


@dataclass(frozen=True, slots=True)
class CleanLine:
    """One line of a sale: `quantity` has 3 decimals (weighed goods), `amount_fen` is 0 or more."""

    sku: str | None
    name: str
    quantity: Decimal
    amount_fen: int


@dataclass(frozen=True, slots=True)
class CleanSale:
    """A sale. `at` is UTC; Σ `lines` is `total_fen`; without `phone` and `card` nobody's.

    `name` is what the till calls the buyer, `receipt` the code by which somebody may claim it later,
    `campaign` the code of the campaign that it was made in.
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
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """How much of a sale's line went back; `line` is its number on the sale, counted from 1."""

    line: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class CleanRefund:
    """A refund of the sale `refunds_no`; amounts are positive. Without `lines` it names no goods.

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


@dataclass(frozen=True, slots=True)
class Rejected:
    """The first thing in a ticket that cannot be read.

    `field` is its JSON path (`lines[2].amount`, `$` for the whole), `code` stable UPPER_SNAKE, and
    `found` what stood there, short and printable.
    """

    field: str
    code: str
    found: str
