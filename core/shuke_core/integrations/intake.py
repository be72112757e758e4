"""Intake: raw tickets become clean facts, people become members, facts become orders.

One batch, whatever messages its tickets came in: four statements, not four a ticket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.integrations.tickets import CleanRefund, CleanSale, Rejected, clean_ticket
from shuke_core.kit import clock
from shuke_core.members.services import Identity, identify_members, link_identities
from shuke_core.orders.services import (
    NewLine,
    NewRefund,
    NewSale,
    record_refunds,
    record_sales,
)
from shuke_core.plugins.hooks import call_hook
from shuke_core.tenants.queries import stores_by_code, this_tenant


class Fate(Enum):
    """What became of a ticket that could be cleaned."""

    ACCEPTED = "accepted"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class RawTicket:
    """A ticket as JSON value, and when the message that brought it was received."""

    body: object
    received_at: datetime


def _identity(sale: CleanSale, source: str) -> Identity | None:
    if sale.phone is not None:
        return Identity.of_phone(sale.phone)
    if sale.card is not None:
        return Identity.of_card(source, sale.card)
    return None


def _new_sale(
    sale: CleanSale, store_id: UUID, member_id: UUID | None, received_at: datetime
) -> NewSale:
    return NewSale(
        store_id,
        sale.no,
        sale.business_day,
        sale.at,
        received_at,
        member_id,
        sale.total_fen,
        tuple(NewLine(line.sku, line.name, line.quantity, line.amount_fen) for line in sale.lines),
    )


def _new_refund(refund: CleanRefund, store_id: UUID) -> NewRefund:
    return NewRefund(
        store_id,
        refund.no,
        refund.business_day,
        refund.at,
        refund.refunds_no,
        refund.refunds_day,
        refund.total_fen,
        tuple((line.line, line.amount_fen) for line in refund.lines),
    )


def _first_fate(
    fact: CleanSale | CleanRefund | Rejected, stores: Mapping[str, UUID]
) -> Fate | Rejected:
    """KNOWN until it turns out to be new; or why the ticket can't go in."""
    if isinstance(fact, Rejected):
        return fact
    if fact.store_code not in stores:
        return Rejected("store", "STORE_UNKNOWN", fact.store_code)
    return Fate.KNOWN


async def _refused_by_plugins(sales: Sequence[tuple[int, CleanSale]]) -> dict[int, Rejected]:
    """Which tickets a plugin keeps out, by their place in the batch."""
    refused: dict[int, Rejected] = {}
    for key, vetoes in await call_hook("shuke_refuse_sales", sales=[sale for _, sale in sales]):
        for nth, reason in vetoes.items():
            refused.setdefault(sales[nth][0], Rejected("$", str(reason)[:40], f"kept out by {key}"))
    return refused


async def take_in(source: str, tickets: Sequence[RawTicket]) -> list[Fate | Rejected]:
    """Takes the tickets of one integration in; says of each what became of it, in their order.

    A ticket that can't be cleaned, or names a store the tenant has not, is rejected alone.
    """
    tenant, now = await this_tenant(), clock.now()
    read = [
        clean_ticket(t.body, zone=tenant.zone, day_starts_at=tenant.day_starts_at, now=now)
        for t in tickets
    ]
    clean = [fact for fact in read if not isinstance(fact, Rejected)]
    stores = await stores_by_code(sorted({fact.store_code for fact in clean}))
    fates = [_first_fate(fact, stores) for fact in read]
    passed = [
        (place, fact)
        for place, fact in enumerate(read)
        if isinstance(fact, CleanSale) and fates[place] is Fate.KNOWN
    ]
    for place, why in (await _refused_by_plugins(passed)).items():
        fates[place] = why
    sales = [(place, sale) for place, sale in passed if fates[place] is Fate.KNOWN]
    identities = [_identity(sale, source) for _, sale in sales]
    members = await identify_members(i for i in identities if i is not None)
    await link_identities(
        {
            Identity.of_card(source, sale.card): members[who]
            for (_, sale), who in zip(sales, identities, strict=True)
            if who is not None and who.kind == "phone" and sale.card is not None
        }
    )
    new_sales = await record_sales(
        source,
        tenant.currency,
        [
            _new_sale(
                sale,
                stores[sale.store_code],
                members[who] if who else None,
                tickets[place].received_at,
            )
            for (place, sale), who in zip(sales, identities, strict=True)
        ],
    )
    refunds = [
        (place, fact)
        for place, fact in enumerate(read)
        if isinstance(fact, CleanRefund) and fates[place] is Fate.KNOWN
    ]
    new_refunds = await record_refunds(
        source, [_new_refund(fact, stores[fact.store_code]) for _, fact in refunds]
    )
    places = [place for place, _ in sales] + [place for place, _ in refunds]
    for place, is_new in zip(places, new_sales + new_refunds, strict=True):
        if is_new:
            fates[place] = Fate.ACCEPTED
    return fates
