"""A till's ticket, as JSON, turned into facts that the orders domain may believe.

Sale: `{"no", "store", "at", "phone"?, "card"?, "name"?, "receipt"?, "campaign"?, "total", "lines"?:
[{"sku"?, "name", "quantity"?, "amount", "discounts"?}]}`; an order that is still to be paid for and
handed out is the same with `"kind": "order"`. Refund: `{"kind": "refund", "no", "store", "at", "refunds",
"refunds_day"?, "channel"?, "total", "lines"?: [{"line", "amount", "quantity"?}]}`; an exchange is one of
`"kind": "exchange"` that names the new order in `"for"`. Payment, fulfilment, completion, cancellation:
`{"kind": ..., "no", "store", "at", "order", "order_day"?, "channel"?}`, a payment with `"amount"` and
`"method"?`. Amounts are yuan. Fields not named here are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from shuke_core.integrations.ticket_facts import (
    CleanLine,
    CleanRefund,
    CleanSale,
    CleanStep,
    RefundedLine,
    Rejected,
)
from shuke_core.integrations.ticket_fields import (
    TicketRefused,
    amount,
    optional_text,
    read,
    required_text,
)
from shuke_core.integrations.ticket_lines import clean_lines, clean_refunded_lines
from shuke_core.kit.cleaning import Unclean, clean_scalar, shown
from shuke_core.kit.timestamps import business_day, parse_moment
from shuke_core.members.phones import Phone, names_no_member, normalise_phone
from shuke_core.members.rules import LONGEST_NAME
from shuke_core.orders.channels import Saying, Teller, may
from shuke_core.orders.life import OrderStepKind
from shuke_core.orders.rules import SHORTEST_RECEIPT, comparable

LONGEST_CODE: Final = 64
LONGEST_METHOD: Final = 20
_STEPS: Final = {kind.value: kind for kind in OrderStepKind}
_SAYINGS: Final = {
    OrderStepKind.PAYMENT: Saying.PAY,
    OrderStepKind.FULFILMENT: Saying.FULFIL,
    OrderStepKind.COMPLETION: Saying.COMPLETE,
    OrderStepKind.CANCELLATION: Saying.CANCEL,
}

__all__ = [
    "CleanLine",
    "CleanRefund",
    "CleanSale",
    "CleanStep",
    "RefundedLine",
    "Rejected",
    "clean_ticket",
]


@dataclass(frozen=True, slots=True)
class _Clock:
    """How this store tells the time."""

    zone: ZoneInfo
    day_starts_at: int
    now: datetime

    def moment(self, field: str, value: object) -> datetime:
        return read(
            field,
            lambda: parse_moment(
                value,  # type: ignore[arg-type]  # refuses other types
                self.zone,
                now=self.now,
                day_starts_at=self.day_starts_at,
            ),
        )

    def day(self, moment: datetime) -> date:
        return business_day(moment, self.zone, self.day_starts_at)


def clean_ticket(
    raw: object, *, zone: ZoneInfo, day_starts_at: int, now: datetime
) -> CleanSale | CleanRefund | CleanStep | Rejected:
    """The facts of one ticket, or the first thing in it that cannot be read.

    `raw` is any JSON value and stays as it is; wall times are in `zone`, a business day begins at
    `day_starts_at` o'clock. Beside the codes of the fields: TICKET_NOT_AN_OBJECT, KIND_UNKNOWN,
    FIELD_MISSING, SALE_NEGATIVE_SEND_REFUND, REFUND_ZERO, PAYMENT_NEGATIVE_SEND_REFUND, CHANNEL_UNKNOWN,
    RECEIPT_GUESSABLE.
    """
    clock = _Clock(zone, day_starts_at, now)
    try:
        if not isinstance(raw, dict):
            raise TicketRefused("$", "TICKET_NOT_AN_OBJECT", shown(raw))
        kind = optional_text("kind", raw.get("kind"), longest=LONGEST_CODE)
        match (kind or "sale").casefold():
            case "sale" | "order" as told:
                return _clean_sale(raw, clock, whole=told == "sale")
            case "refund" | "exchange" as told:
                return _clean_refund(raw, clock, exchange=told == "exchange")
            case step if step in _STEPS:
                return _clean_step(_STEPS[step], raw, clock)
        raise TicketRefused("kind", "KIND_UNKNOWN", shown(kind))
    except TicketRefused as refusal:
        return refusal.rejected


def _clean_sale(raw: Mapping[str, object], clock: _Clock, *, whole: bool) -> CleanSale:
    no = required_text("no", raw.get("no"), longest=LONGEST_CODE)
    store_code = required_text("store", raw.get("store"), longest=LONGEST_CODE)
    at = clock.moment("at", raw.get("at"))
    phone = read("phone", lambda: _phone(raw.get("phone")))
    card = optional_text("card", raw.get("card"), longest=LONGEST_CODE)
    total_fen = amount("total", raw.get("total"))
    if total_fen < 0:
        raise TicketRefused("total", "SALE_NEGATIVE_SEND_REFUND", shown(raw.get("total")))
    return CleanSale(
        no=no,
        store_code=store_code,
        at=at,
        business_day=clock.day(at),
        phone=phone,
        card=None if card is None or names_no_member(card) else card,
        name=_name(raw.get("name")),
        total_fen=total_fen,
        lines=clean_lines(raw.get("lines"), total_fen),
        receipt=_receipt(raw.get("receipt")),
        whole=whole,
        campaign=optional_text("campaign", raw.get("campaign"), longest=LONGEST_CODE),
    )


def _clean_refund(raw: Mapping[str, object], clock: _Clock, *, exchange: bool) -> CleanRefund:
    no = required_text("no", raw.get("no"), longest=LONGEST_CODE)
    store_code = required_text("store", raw.get("store"), longest=LONGEST_CODE)
    at = clock.moment("at", raw.get("at"))
    refunds_no = required_text("refunds", raw.get("refunds"), longest=LONGEST_CODE)
    for_no = required_text("for", raw.get("for"), longest=LONGEST_CODE) if exchange else None
    # A refund of -5.00 and one of 5.00 mean the same: tills differ on whose side they count.
    signed_fen = amount("total", raw.get("total"))
    if signed_fen == 0:
        raise TicketRefused("total", "REFUND_ZERO", shown(raw.get("total")))
    total_fen, sign = abs(signed_fen), 1 if signed_fen > 0 else -1
    return CleanRefund(
        no=no,
        store_code=store_code,
        at=at,
        business_day=clock.day(at),
        refunds_no=refunds_no,
        refunds_day=_day(raw, "refunds_day", clock),
        total_fen=total_fen,
        lines=clean_refunded_lines(raw.get("lines"), total_fen, sign),
        channel=_channel(raw, Saying.REFUND),
        exchanged_for=for_no,
    )


def _clean_step(kind: OrderStepKind, raw: Mapping[str, object], clock: _Clock) -> CleanStep:
    no = required_text("no", raw.get("no"), longest=LONGEST_CODE)
    store_code = required_text("store", raw.get("store"), longest=LONGEST_CODE)
    at = clock.moment("at", raw.get("at"))
    paid_fen = amount("amount", raw.get("amount")) if kind is OrderStepKind.PAYMENT else None
    if paid_fen is not None and paid_fen < 0:
        raise TicketRefused("amount", "PAYMENT_NEGATIVE_SEND_REFUND", shown(raw.get("amount")))
    return CleanStep(
        kind=kind,
        no=no,
        store_code=store_code,
        at=at,
        business_day=clock.day(at),
        order_no=required_text("order", raw.get("order"), longest=LONGEST_CODE),
        order_day=_day(raw, "order_day", clock),
        amount_fen=paid_fen,
        method=optional_text("method", raw.get("method"), longest=LONGEST_METHOD),
        channel=_channel(raw, _SAYINGS[kind]),
    )


def _day(raw: Mapping[str, object], field: str, clock: _Clock) -> date | None:
    said = raw.get(field)
    return None if said is None else clock.day(clock.moment(field, said))


def _channel(raw: Mapping[str, object], saying: Saying) -> str | None:
    """Where the order was placed, if not with who tells: a source may speak of those of this house."""
    said = optional_text("channel", raw.get("channel"), longest=LONGEST_CODE)
    if said is None or may(Teller.SOURCE, said, saying):
        return said
    raise TicketRefused("channel", "CHANNEL_UNKNOWN", shown(said))


def _receipt(value: object) -> str | None:
    """The code as it is compared; refused where somebody who never had the receipt could guess it."""
    said = optional_text("receipt", value, longest=LONGEST_CODE)
    if said is None:
        return None
    code = comparable(said)
    if len(code) < SHORTEST_RECEIPT:
        raise TicketRefused("receipt", "RECEIPT_GUESSABLE", shown(value))
    return code


def _phone(value: object) -> Phone | None:
    return normalise_phone(clean_scalar(value, longest=100))


def _name(value: object) -> str | None:
    """The buyer's name; None where it can't be read: no sale is kept out for the sake of a name."""
    try:
        name = clean_scalar(value, longest=LONGEST_NAME)
    except Unclean:
        return None
    return None if name is None or names_no_member(name) else name
